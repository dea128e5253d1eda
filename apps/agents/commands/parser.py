"""Is a text a command, and which? One pure function."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from apps.agents.commands.registry import Command, named

WRITTEN = re.compile(r"(?P<prefix>[/!])(?P<name>[A-Za-z]{1,32})(?P<to>@\w+)?(?:\s+(?P<argument>.*))?\Z", re.DOTALL)
MENTION = re.compile(r"@\S+\s+")
MOST = 1000  # characters; nothing longer is a command


@dataclass(frozen=True, slots=True)
class Written:
    """A command as somebody wrote it."""

    command: Command
    argument: str


def read(text: str, *, names: Iterable[str], mentioned: bool, prefixes: str = "/") -> Written | None:
    """None for ordinary text, unknown commands included; one of `names` may stand before it: `@Andy /stop`.

    `mentioned`: the platform says that the message names the bot; only then is `/stop@somebot` ours.
    """
    text = text.strip()
    if len(text) > MOST:
        return None
    found = WRITTEN.match(_without_name(text, names, mentioned=mentioned))
    if not found or found["prefix"] not in prefixes or (found["to"] and not mentioned):
        return None
    command = named(found["name"])
    return Written(command, (found["argument"] or "").strip()) if command else None


def _without_name(text: str, names: Iterable[str], *, mentioned: bool) -> str:
    for name in sorted(names, key=len, reverse=True):
        if text[: len(name)].casefold() == name.casefold() and not text[len(name) : len(name) + 1].isalnum():
            return text[len(name) :].lstrip(" \t\n,:")
    found = MENTION.match(text) if mentioned else None
    return text[found.end() :] if found else text
