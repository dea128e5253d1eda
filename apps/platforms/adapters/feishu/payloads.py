"""Feishu's events in the product's words. Pure: no network, no database."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Channel, Chat
from apps.platforms.adapters.feishu import content
from apps.platforms.adapters.feishu.content import word
from apps.platforms.base import Batch, PayloadError

MESSAGE = "im.message.receive_v1"
PRESS = "card.action.trigger"
ID = re.compile(r"\w[\w.@:=+-]{0,127}", re.ASCII)
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
        raise _strange("JSON") from error
    return _mapping(given, "JSON")


def event(given: Mapping[str, Any], me: Me) -> Batch | None:
    """None for what is no news; raises PayloadError."""
    header = _mapping(given.get("header"), "header")
    if header.get("event_type") not in (MESSAGE, PRESS):
        return None
    told = _mapping(given.get("event"), "event")
    if header.get("event_type") == PRESS:
        return Batch([_pressed(told, word(header, "event_id"))])
    sender = _mapping(told.get("sender"), "sender")
    message = _mapping(told.get("message"), "message")
    translation = _inbound(message, sender, me)
    return Batch([translation]) if translation else None


def _inbound(message: Mapping[str, Any], sender: Mapping[str, Any], me: Me) -> InboundMessage | None:
    """None for our own, and where nothing was said."""
    message_id = _id(message, "message_id")
    sender_id = _sender_id(sender)
    mentions = list(_mentions(message))
    names = {place: name for place, _, name in mentions}
    found = content.read(word(message, "message_type"), word(message, "content"), {ALL: "all", **names})
    if sender_id == me.open_id or not found.text:
        return None
    return InboundMessage(
        external_id=message_id,
        chat_id=_id(message, "chat_id"),
        chat_kind=Chat.Kind.DIRECT if message.get("chat_type") == "p2p" else Chat.Kind.GROUP,
        sender_id=sender_id,
        text=found.text,
        kind=found.kind,
        thread_id=_thread(message, message_id),
        reply_to=_id(message, "parent_id") if message.get("parent_id") else "",
        mentions_bot=bool(me.open_id) and any(open_id == me.open_id for _, open_id, _ in mentions),
        from_bot=word(sender, "sender_type") not in ("", "user"),
        attachments=tuple(_attachment(file, message_id) for file in found.files),
        sent_at=_time(message.get("create_time")),
    )


def _pressed(told: Mapping[str, Any], event_id: str) -> InboundMessage:
    """A button of a card ("Card callback"); whether the chat is a direct one is not told."""
    context = _mapping(told.get("context"), "context")
    value = _mapping(_mapping(told.get("action"), "action").get("value"), "value")
    if not ID.fullmatch(event_id):
        raise _strange("event_id")
    return InboundMessage(
        external_id=f"press-{event_id}",
        chat_id=_id(context, "open_chat_id"),
        sender_id=_sender_id({"sender_id": told.get("operator")}),
        text="",
        pressed=word(value, "answer") or "?",
        reply_to=_id(context, "open_message_id"),
    )


def _thread(message: Mapping[str, Any], message_id: str) -> str:
    """The message that began it, for answers hang on messages; who begins one has no root."""
    if not message.get("thread_id"):
        return ""
    return _id(message, "root_id") if message.get("root_id") else message_id


def _sender_id(sender: Mapping[str, Any]) -> str:
    """An app's message may have no more than the app's id."""
    ids = sender.get("sender_id")
    if not isinstance(ids, dict):
        raise _strange("sender_id")
    return _id(
        {"id": next((ids[key] for key in ("open_id", "user_id", "union_id", "app_id") if ids.get(key)), "")}, "id"
    )


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


def _id(given: Mapping[str, Any], key: str) -> str:
    found = word(given, key)
    if not ID.fullmatch(found):
        raise _strange(key)
    return found


def _mapping(given: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise _strange(name)
    return given


def _strange(name: str) -> PayloadError:
    return PayloadError(_("An event has a form that Feishu does not send (%s).") % name)


def _time(given: Any) -> datetime:
    """Milliseconds since 1970; now for what is no time."""
    digits = str(given)
    if re.fullmatch(r"[0-9]{1,14}", digits):
        return datetime.fromtimestamp(int(digits) / 1000, UTC)
    return timezone.now()
