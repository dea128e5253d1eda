"""Reads what a message to an AI bot contains: words, or what stands for things without words, and files. Pure."""

from collections.abc import Mapping
from typing import Any

from apps.chats.inbound import InboundAttachment
from apps.chats.models import Message
from apps.platforms.adapters.wecom.content import placeholder

Kind = Message.Kind
Json = Mapping[str, Any]

THINGS = {
    "image": (Kind.IMAGE, "photo", "image.jpg"),
    "file": (Kind.FILE, "file", ""),
    "video": (Kind.VIDEO, "video", "video.mp4"),
}


def content(given: Json) -> tuple[Message.Kind, str, tuple[InboundAttachment, ...]]:
    """A mixed message's pieces are one text with its files behind it."""
    if given.get("msgtype") != "mixed":
        return _piece(given)
    pieces = [_piece(piece) for piece in mappings(mapping(given.get("mixed")).get("msg_item"))]
    text = "\n".join(words for _, words, _ in pieces if words)
    return Kind.TEXT, text or "[message]", tuple(thing for _, _, things in pieces for thing in things)


def _piece(given: Json) -> tuple[Message.Kind, str, tuple[InboundAttachment, ...]]:
    kind = text_at(given, "msgtype")
    thing = mapping(given.get(kind))
    if kind in ("text", "voice"):  # WeCom hears what is said, and sends the words
        return Kind.TEXT, text_at(thing, "content") or f"[{kind}]", ()
    if kind not in THINGS:
        return Kind.OTHER, f"[{placeholder(kind)}]", ()
    found, word, name = THINGS[kind]
    url = text_at(thing, "url")
    attached = InboundAttachment(kind=found, source={"url": url}, name=text_at(thing, "filename") or name)
    return found, f"[{word}]", (attached,) if url else ()


def quoted(given: Json) -> str:
    quote = mapping(given.get("quote"))
    return content(quote)[1] if quote else ""


# What a stranger sends may be anything: each of these is empty where something else stands.


def text_at(given: Json, name: str) -> str:
    found = given.get(name)
    return found if isinstance(found, str) else ""


def mapping(given: Any) -> Json:
    return given if isinstance(given, dict) else {}


def mappings(given: Any) -> list[Json]:
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
