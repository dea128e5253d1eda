"""What an AI bot of WeCom is told, in the product's words. Pure. In groups only what mentions it comes at all."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Chat, Message
from apps.platforms.adapters.wecom.payloads import placeholder
from apps.platforms.base import Batch, PayloadError

Kind = Message.Kind
Json = Mapping[str, Any]

ANSWERABLE = timedelta(minutes=59)  # "the response_url is valid for one hour"
THINGS = {
    "image": (Kind.IMAGE, "photo", "image.jpg"),
    "file": (Kind.FILE, "file", ""),
    "video": (Kind.VIDEO, "video", "video.mp4"),
}


def envelope(body: bytes) -> str:
    """What is still encrypted; raises PayloadError."""
    return _needed(_read(body), "encrypt")


def events(plain: bytes) -> list[Batch]:
    """Nothing for what is no message of somebody (somebody came in, a button, a stream); raises PayloadError."""
    given = _read(plain)
    if given.get("msgtype") in ("event", "stream"):
        return []
    return [Batch([_inbound(given)])]


def _inbound(given: Json) -> InboundMessage:
    user = _needed(_mapping(given.get("from")), "userid")
    is_group = given.get("chattype") == "group"
    chat_id = _needed(given, "chatid") if is_group else user
    kind, text, things = _content(given)
    return InboundMessage(
        external_id=_needed(given, "msgid"),
        chat_id=chat_id,
        chat_kind=Chat.Kind.GROUP if is_group else Chat.Kind.DIRECT,
        chat_title="" if is_group else user,
        sender_id=user,
        sender_name=user,
        text=text,
        kind=kind,
        quoted_text=_quoted(given),
        mentions_bot=is_group,
        attachments=things,
        context=_context(given),
    )


def _context(given: Json) -> dict[str, str]:
    """Where the one answer to this message goes, and until when."""
    url = _text(given, "response_url")
    until = datetime.now(UTC) + ANSWERABLE
    return {"response_url": url, "until": until.isoformat()} if url else {}


def _content(given: Json) -> tuple[Message.Kind, str, tuple[InboundAttachment, ...]]:
    """A mixed message's pieces are one text with its files behind it."""
    if given.get("msgtype") != "mixed":
        return _piece(given)
    pieces = [_piece(piece) for piece in _mappings(_mapping(given.get("mixed")).get("msg_item"))]
    text = "\n".join(words for _, words, _ in pieces if words)
    return Kind.TEXT, text or "[message]", tuple(thing for _, _, things in pieces for thing in things)


def _piece(given: Json) -> tuple[Message.Kind, str, tuple[InboundAttachment, ...]]:
    kind = _text(given, "msgtype")
    thing = _mapping(given.get(kind))
    if kind in ("text", "voice"):  # WeCom hears what is said, and sends the words
        return Kind.TEXT, _text(thing, "content") or f"[{kind}]", ()
    if kind not in THINGS:
        return Kind.OTHER, f"[{placeholder(kind)}]", ()
    found, word, name = THINGS[kind]
    url = _text(thing, "url")
    attached = InboundAttachment(kind=found, source={"url": url}, name=_text(thing, "filename") or name)
    return found, f"[{word}]", (attached,) if url else ()


def _quoted(given: Json) -> str:
    quote = _mapping(given.get("quote"))
    return _content(quote)[1] if quote else ""


def _read(content: bytes) -> Json:
    try:
        given: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise PayloadError(_("It is no JSON.")) from None
    if not isinstance(given, dict):
        raise PayloadError(_("It is no JSON object."))
    return given


def _needed(given: Json, name: str) -> str:
    found = _text(given, name).strip()
    if not found:
        raise PayloadError(_("It has no %s.") % name)
    return found


def _text(given: Json, name: str) -> str:
    found = given.get(name)
    return found if isinstance(found, str) else ""


def _mapping(given: Any) -> Json:
    return given if isinstance(given, dict) else {}


def _mappings(given: Any) -> list[Json]:
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
