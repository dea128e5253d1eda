"""Translates DingTalk's messages into the product's words. Pure: no network, no database."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message
from apps.platforms.adapters.dingtalk.content import object_of, pieces_of, quoted_text, text_at
from apps.platforms.base import PayloadError

MOST_ID = 255  # characters


def inbound(payload: Any) -> InboundMessage | None:
    """None for our own and for what says nothing. Raises PayloadError."""
    if not isinstance(payload, dict):
        raise PayloadError("A message is no object.")
    bot, sender = text_at(payload, "chatbotUserId"), text_at(payload, "senderId")
    if bot and sender == bot:
        return None
    pieces = pieces_of(payload)
    text = "".join(piece.words for piece in pieces).strip()
    if not text:
        return None
    quoted = _quoted(payload)
    is_group = text_at(payload, "conversationType") != "1"
    return InboundMessage(
        external_id=_required(payload, "msgId"),
        chat_id=_required(payload, "conversationId"),
        chat_kind=Chat.Kind.GROUP if is_group else Chat.Kind.DIRECT,
        chat_title=text_at(payload, "conversationTitle") if is_group else text_at(payload, "senderNick"),
        sender_id=text_at(payload, "senderStaffId") or _required(payload, "senderId"),
        sender_name=text_at(payload, "senderNick"),
        text=text,
        kind=next((piece.kind for piece in pieces if piece.kind is not Message.Kind.TEXT), Message.Kind.TEXT),
        reply_to=text_at(quoted, "msgId")[:MOST_ID],
        quoted_text=quoted_text(quoted),
        mentions_bot=payload.get("isInAtList") is True or (bool(bot) and text_at(quoted, "senderId") == bot),
        attachments=tuple(piece.attachment for piece in pieces if piece.attachment),
        context=_context(payload, is_group),
        sent_at=_moment(payload.get("createAt")),
    )


def _context(payload: Mapping[str, Any], is_group: bool) -> Mapping[str, str]:
    """What an answer needs: the session and its end (ms), and afterwards whom to write to."""
    expires = payload.get("sessionWebhookExpiredTime")
    return {
        "session": text_at(payload, "sessionWebhook"),
        "session_ends": str(expires) if isinstance(expires, int) and not isinstance(expires, bool) else "",
        "user": "" if is_group else text_at(payload, "senderStaffId"),
        "kind": "group" if is_group else "direct",
    }


def _quoted(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message that is answered; empty for none."""
    return object_of(object_of(payload.get("text")).get("repliedMsg"))


def _required(given: Mapping[str, Any], key: str) -> str:
    value = text_at(given, key)
    if not value or len(value) > MOST_ID:
        raise PayloadError(f"A message's {key} is not one.")
    return value


def _moment(milliseconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise PayloadError("A message's time is not one.") from error
