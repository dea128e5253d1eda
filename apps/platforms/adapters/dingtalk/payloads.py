"""DingTalk's messages in the product's words. Pure: no network, no database."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Chat, Message
from apps.platforms.base import PayloadError

Kind = Message.Kind

# What stands for a thing without words.
THINGS = {
    "picture": (Kind.IMAGE, "image", ".png"),
    "audio": (Kind.VOICE, "voice message", ".amr"),
    "video": (Kind.VIDEO, "video", ".mp4"),
    "file": (Kind.FILE, "file", ""),
}
MOST_ID = 255  # characters
MOST_MENTIONED = 100  # characters of a kind that we do not know


class _Piece(NamedTuple):
    """Of a message: words, and perhaps the file they stand for."""

    words: str
    kind: Kind = Kind.TEXT
    attachment: InboundAttachment | None = None


def inbound(payload: Any) -> InboundMessage | None:
    """None for our own and for what says nothing. Raises PayloadError."""
    if not isinstance(payload, dict):
        raise PayloadError("A message is no object.")
    bot, sender = _text(payload, "chatbotUserId"), _text(payload, "senderId")
    if bot and sender == bot:
        return None
    pieces = _pieces(payload)
    text = "".join(piece.words for piece in pieces).strip()
    if not text:
        return None
    quoted = _quoted(payload)
    is_group = _text(payload, "conversationType") != "1"
    return InboundMessage(
        external_id=_required(payload, "msgId"),
        chat_id=_required(payload, "conversationId"),
        chat_kind=Chat.Kind.GROUP if is_group else Chat.Kind.DIRECT,
        chat_title=_text(payload, "conversationTitle") if is_group else _text(payload, "senderNick"),
        sender_id=_text(payload, "senderStaffId") or _required(payload, "senderId"),
        sender_name=_text(payload, "senderNick"),
        text=text,
        kind=next((piece.kind for piece in pieces if piece.kind is not Kind.TEXT), Kind.TEXT),
        reply_to=_text(quoted, "msgId")[:MOST_ID],
        quoted_text=_quoted_text(quoted),
        mentions_bot=payload.get("isInAtList") is True or (bool(bot) and _text(quoted, "senderId") == bot),
        attachments=tuple(piece.attachment for piece in pieces if piece.attachment),
        context=_context(payload, is_group),
        sent_at=_moment(payload.get("createAt")),
    )


def _context(payload: Mapping[str, Any], is_group: bool) -> Mapping[str, str]:
    """What an answer needs: the session and its end (ms), and afterwards whom to write to."""
    expires = payload.get("sessionWebhookExpiredTime")
    return {
        "session": _text(payload, "sessionWebhook"),
        "session_ends": str(expires) if isinstance(expires, int) and not isinstance(expires, bool) else "",
        "user": "" if is_group else _text(payload, "senderStaffId"),
        "kind": "group" if is_group else "direct",
    }


def _pieces(payload: Mapping[str, Any]) -> Sequence[_Piece]:
    kind = _text(payload, "msgtype")
    content = _content(payload.get("content"))
    if kind == "text":
        return [_Piece(_text(_content(payload.get("text")), "content"))]
    if kind == "richText":
        return list(_rich(content.get("richText")))
    return [_thing(kind, content)]


def _rich(items: Any) -> Iterator[_Piece]:
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict):
            continue
        if _text(item, "downloadCode"):
            yield _thing(_text(item, "type") or "picture", item)
        else:
            yield _Piece(_text(item, "text"))


def _thing(kind: str, content: Mapping[str, Any]) -> _Piece:
    if kind not in THINGS:
        return _Piece(f"[{kind[:MOST_MENTIONED] or 'message'}]", Kind.OTHER)
    what, word, suffix = THINGS[kind]
    name = _text(content, "fileName")
    said = _text(content, "recognition")  # what DingTalk understood of a voice message
    words = f"[{word}: {name}]" if name else f"[{word}]"
    code = _text(content, "downloadCode")
    size = content.get("fileSize")
    attachment = InboundAttachment(
        kind=what,
        source={"code": code},
        name=name or f"{what}{suffix}",
        size=size if isinstance(size, int) and 0 < size < 2**40 else 0,
    )
    return _Piece(f"{said}\n{words}" if said else words, what, attachment if code else None)


def _quoted(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message that is answered; empty for none."""
    return _content(_content(payload.get("text")).get("repliedMsg"))


def _quoted_text(quoted: Mapping[str, Any]) -> str:
    content = _content(quoted.get("content"))
    kind = _text(quoted, "msgType")
    return _text(content, "text") or _text(content, "content") or (f"[{kind[:MOST_MENTIONED]}]" if kind else "")


def _content(given: Any) -> Mapping[str, Any]:
    """An object, sometimes written as text."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {}
    return given if isinstance(given, dict) else {}


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""


def _required(given: Mapping[str, Any], key: str) -> str:
    value = _text(given, key)
    if not value or len(value) > MOST_ID:
        raise PayloadError(f"A message's {key} is not one.")
    return value


def _moment(milliseconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise PayloadError("A message's time is not one.") from error
