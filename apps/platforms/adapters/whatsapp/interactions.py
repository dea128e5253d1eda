"""Finds the button or the row of a list that somebody pressed under a message of ours. Pure."""

from collections.abc import Mapping
from typing import Any

from apps.agents.questions.answers import TOKEN
from apps.platforms.adapters.whatsapp.content import chosen, mapping, text_at


def pressed(given: Mapping[str, Any]) -> str:
    """What it says, or nothing; a template's own buttons are words like any other."""
    token = text_at(chosen(mapping(given.get("interactive"))), "id")
    return token if given.get("type") == "interactive" and TOKEN.match(token) else ""
