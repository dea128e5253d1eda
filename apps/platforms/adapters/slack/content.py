"""Reads Slack's markup as people see it: names for ids, addresses in full. Pure."""

import re
from collections.abc import Mapping

MARKUP = re.compile(r"<([^<>|]{1,4000})(?:\|([^<>]*))?>")
PERSON = re.compile(r"<@([A-Z0-9]{1,32})(?:\|[^<>]*)?>")
MOST_PEOPLE = 20  # of one text, whose names are looked up


def people(text: str) -> list[str]:
    """The ids of those whom the text mentions."""
    return list(dict.fromkeys(PERSON.findall(text)))[:MOST_PEOPLE]


def readable(text: str, names: Mapping[str, str]) -> str:
    """`names` by the ids of people; an unknown one keeps its id."""
    shown = MARKUP.sub(lambda found: _shown(found[1], found[2] or "", names), text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _shown(target: str, label: str, names: Mapping[str, str]) -> str:
    sign, rest = target[0], target[1:]
    if sign == "@":
        return f"@{names.get(rest) or label or rest}"
    if sign == "#":
        return f"#{label or rest}"
    if sign == "!":  # @here, a team, a date: the label is what people see
        return label or f"@{rest.partition('^')[0]}"
    if not label or label in (target, target.partition(":")[2]):
        return label or target
    return f"{label} ({target})"
