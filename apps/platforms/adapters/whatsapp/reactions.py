"""Translates a person's reaction to a message: the agent reads it later, it never calls. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from apps.chats.inbound import InboundMessage
from apps.platforms.adapters.whatsapp.content import mapping, text_at


def is_reaction(given: Mapping[str, Any]) -> bool:
    return given.get("type") == "reaction"


def reacted(message: InboundMessage, given: Mapping[str, Any]) -> InboundMessage:
    """`message`: what else is told of it, as of any message."""
    thing = mapping(given.get("reaction"))
    emoji = text_at(thing, "emoji")[:40]
    about = mapping(given.get("context")) or {"id": text_at(thing, "message_id")}
    return replace(
        message,
        text=f"[reacted with {emoji}]" if emoji else "[took back a reaction]",
        reply_to=text_at(about, "id"),
        is_reaction=True,
        context={},  # what shows that we type is put under a message, never under a reaction
    )
