"""The platforms there are, as far as models must know: `apps.platforms` declares each one when Django starts."""

from dataclasses import dataclass

from django.utils.functional import Promise

WEB = "web"  # the chat page: part of the product, so it is always there


@dataclass(frozen=True, slots=True)
class Platform:
    name: str  # as it stands in rows, addresses and commands: `telegram`
    label: str | Promise  # as people read it: `Telegram`
    can_react: bool = False  # the bot can put an emoji under somebody's message


_declared: dict[str, Platform] = {}


def declare(platform: Platform) -> None:
    """Makes the platform known; a second declaration of the name replaces the first."""
    _declared[platform.name] = platform


def names() -> list[str]:
    """Returns all names, the chat page's first."""
    return sorted(_declared, key=lambda name: (name != WEB, name))


def choices() -> list[tuple[str, str | Promise]]:
    """Returns (name, label) of each platform, for the field of a channel: a new platform needs no migration."""
    return [(name, _declared[name].label) for name in names()]


def can_react(name: str) -> bool:
    """Returns whether the bot can put an emoji under somebody's message there."""
    return name in _declared and _declared[name].can_react
