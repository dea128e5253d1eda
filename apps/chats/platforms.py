"""What platforms can do, as far as those below must know it: the platforms themselves say so when Django starts."""

_reacting: set[str] = set()


def declare(platform: str, *, reactions: bool) -> None:
    if reactions:
        _reacting.add(platform)


def can_react(platform: str) -> bool:
    """Whether an emoji can be put under somebody's message there."""
    return platform in _reacting
