"""Translates Feishu's events into the product's words. Pure: no network, no database."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from django.utils import timezone

from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Channel, Chat
from apps.platforms.adapters.feishu import content
from apps.platforms.adapters.feishu.content import id_at, mapping, sender_id_of, strange, word
from apps.platforms.adapters.feishu.interactions import pressed
from apps.platforms.base import Batch

MESSAGE = "im.message.receive_v1"
PRESS = "card.action.trigger"
ALL = "@_all"


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself, as bot/v3/info tells, and its app."""

    app_id: str
    open_id: str

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """As the listeners wrote it down; raises CredentialError."""
        return cls(channel.credential("app_id"), str(channel.identity.get("id", "")))


def event_from(body: bytes) -> Mapping[str, Any]:
    """Raises PayloadError."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise strange("JSON") from error
    return mapping(given, "JSON")


def event(given: Mapping[str, Any], me: Me) -> Batch | None:
    """None for what is no news; raises PayloadError."""
    header = mapping(given.get("header"), "header")
    if header.get("event_type") not in (MESSAGE, PRESS):
        return None
    told = mapping(given.get("event"), "event")
    if header.get("event_type") == PRESS:
        return Batch([pressed(told, word(header, "event_id"))])
    sender = mapping(told.get("sender"), "sender")
    message = mapping(told.get("message"), "message")
    translation = _inbound(message, sender, me)
    return Batch([translation]) if translation else None


def _inbound(message: Mapping[str, Any], sender: Mapping[str, Any], me: Me) -> InboundMessage | None:
    """None for our own, and where nothing was said."""
    message_id = id_at(message, "message_id")
    sender_id = sender_id_of(sender)
    mentions = list(_mentions(message))
    names = {place: name for place, _, name in mentions}
    found = content.read(word(message, "message_type"), word(message, "content"), {ALL: "all", **names})
    if sender_id == me.open_id or not found.text:
        return None
    return InboundMessage(
        external_id=message_id,
        chat_id=id_at(message, "chat_id"),
        chat_kind=Chat.Kind.DIRECT if message.get("chat_type") == "p2p" else Chat.Kind.GROUP,
        sender_id=sender_id,
        text=found.text,
        kind=found.kind,
        thread_id=_thread(message, message_id),
        reply_to=id_at(message, "parent_id") if message.get("parent_id") else "",
        mentions_bot=bool(me.open_id) and any(open_id == me.open_id for _, open_id, _ in mentions),
        from_bot=word(sender, "sender_type") not in ("", "user"),
        attachments=tuple(_attachment(file, message_id) for file in found.files),
        sent_at=_time(message.get("create_time")),
    )


def _thread(message: Mapping[str, Any], message_id: str) -> str:
    """The message that began it, for answers hang on messages; who begins one has no root."""
    if not message.get("thread_id"):
        return ""
    return id_at(message, "root_id") if message.get("root_id") else message_id


def _mentions(message: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The place in the text, who it is, and their name."""
    mentions = message.get("mentions")
    for mention in mentions if isinstance(mentions, list) else []:
        if isinstance(mention, dict):
            ids = mention.get("id")
            open_id = word(ids, "open_id") if isinstance(ids, dict) else ""
            yield word(mention, "key"), open_id, word(mention, "name")


def _attachment(file: content.File, message_id: str) -> InboundAttachment:
    source = {"message_id": message_id, "key": file.key, "type": file.type}
    return InboundAttachment(kind=file.kind, source=source, name=file.name)


def _time(given: Any) -> datetime:
    """Milliseconds since 1970; now for what is no time."""
    digits = str(given)
    if re.fullmatch(r"[0-9]{1,14}", digits):
        return datetime.fromtimestamp(int(digits) / 1000, UTC)
    return timezone.now()
