"""Translates a pressed button ("block_actions payload") into the product's words. Pure."""

from collections.abc import Mapping
from typing import Any

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat
from apps.platforms.adapters.slack.payloads import ID, TIMESTAMP
from apps.platforms.base import PayloadError

Json = Mapping[str, Any]


def pressed(payload: Any) -> InboundMessage | None:
    """None for what is no button; raises PayloadError."""
    if not isinstance(payload, Mapping):
        raise PayloadError("It is no interaction of Slack.")
    if payload.get("type") != "block_actions":
        return None
    container, user = _mapping(payload, "container"), _mapping(payload, "user")
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], Mapping) else {}
    if not _string(action, "value"):
        return None
    chat_id, person = _string(container, "channel_id"), _string(user, "id")
    under, at = _string(container, "message_ts"), _string(action, "action_ts")
    if not (ID.fullmatch(chat_id) and ID.fullmatch(person) and TIMESTAMP.fullmatch(under) and TIMESTAMP.fullmatch(at)):
        raise PayloadError("A button of Slack's that nobody pressed, or nowhere.")
    thread = _string(container, "thread_ts")
    return InboundMessage(
        external_id=f"press-{at}-{person}",
        chat_id=chat_id,
        chat_kind=Chat.Kind.DIRECT if chat_id.startswith("D") else Chat.Kind.GROUP,
        sender_id=person,
        sender_name=_string(user, "name") or _string(user, "username"),
        text="",
        pressed=_string(action, "value"),
        thread_id=thread if TIMESTAMP.fullmatch(thread) and thread != under else "",
        reply_to=under,
    )


def _mapping(given: Json, key: str) -> Json:
    value = given.get(key)
    return value if isinstance(value, Mapping) else {}


def _string(given: Json, key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""
