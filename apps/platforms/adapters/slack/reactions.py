"""Translates a person's reaction ("reaction_added event"): the agent reads it later, it never calls. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message
from apps.platforms.adapters.slack.emoji import NAMES
from apps.platforms.adapters.slack.payloads import ID, TIMESTAMP, Me
from apps.platforms.base import PayloadError

EMOJI = {name: emoji for emoji, name in NAMES.items()}
SAID = {"reaction_added": "reacted with", "reaction_removed": "took back the reaction"}


def reacted(payload: Any, me: Me) -> InboundMessage | None:
    """None for what is no reaction of somebody else to a message; raises PayloadError."""
    event = payload.get("event") if isinstance(payload, Mapping) else None
    if not isinstance(event, Mapping) or str(event.get("type")) not in SAID or event.get("user") == me.user_id:
        return None
    item = event.get("item")
    if not isinstance(item, Mapping) or item.get("type") != "message":
        return None
    given = [event.get("user"), item.get("channel"), item.get("ts"), event.get("event_ts"), event.get("reaction")]
    person, chat_id, about, at, name = (value if isinstance(value, str) else "" for value in given)
    if not (ID.fullmatch(person) and ID.fullmatch(chat_id) and TIMESTAMP.fullmatch(about) and TIMESTAMP.fullmatch(at)):
        raise PayloadError("A reaction of Slack's of nobody, or to nothing.")
    return InboundMessage(
        external_id=f"reaction-{at}-{person}",
        chat_id=chat_id,
        chat_kind=Chat.Kind.DIRECT if chat_id.startswith("D") else Chat.Kind.GROUP,
        sender_id=person,
        text=f"[{SAID[str(event['type'])]} {EMOJI.get(name, f':{name[:100]}:')}]",
        kind=Message.Kind.OTHER,
        reply_to=about,
        is_reaction=True,
        sent_at=datetime.fromtimestamp(float(at), UTC),
    )
