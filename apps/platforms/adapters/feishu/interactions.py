"""Translates a pressed button of a card ("Card callback") into the product's words. Pure."""

from collections.abc import Mapping
from typing import Any

from apps.chats.inbound import InboundMessage
from apps.platforms.adapters.feishu.content import ID, id_at, mapping, sender_id_of, strange, word


def pressed(told: Mapping[str, Any], event_id: str) -> InboundMessage:
    """Whether the chat is a direct one is not told. Raises PayloadError."""
    context = mapping(told.get("context"), "context")
    value = mapping(mapping(told.get("action"), "action").get("value"), "value")
    if not ID.fullmatch(event_id):
        raise strange("event_id")
    return InboundMessage(
        external_id=f"press-{event_id}",
        chat_id=id_at(context, "open_chat_id"),
        sender_id=sender_id_of({"sender_id": told.get("operator")}),
        text="",
        pressed=word(value, "answer") or "?",
        reply_to=id_at(context, "open_message_id"),
    )
