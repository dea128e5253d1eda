"""Reads what a message of DingTalk contains: words, or what stands for a thing without words, and files. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from apps.chats.inbound import InboundAttachment
from apps.chats.models import Message

Kind = Message.Kind

# What stands for a thing without words.
THINGS = {
    "picture": (Kind.IMAGE, "image", ".png"),
    "audio": (Kind.VOICE, "voice message", ".amr"),
    "video": (Kind.VIDEO, "video", ".mp4"),
    "file": (Kind.FILE, "file", ""),
}
MOST_MENTIONED = 100  # characters of a kind that we do not know


class Piece(NamedTuple):
    """Of a message: words, and perhaps the file they stand for."""

    words: str
    kind: Kind = Kind.TEXT
    attachment: InboundAttachment | None = None


def pieces_of(payload: Mapping[str, Any]) -> Sequence[Piece]:
    kind = text_at(payload, "msgtype")
    content = object_of(payload.get("content"))
    if kind == "text":
        return [Piece(text_at(object_of(payload.get("text")), "content"))]
    if kind == "richText":
        return list(_rich(content.get("richText")))
    return [_thing(kind, content)]


def _rich(items: Any) -> Iterator[Piece]:
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict):
            continue
        if text_at(item, "downloadCode"):
            yield _thing(text_at(item, "type") or "picture", item)
        else:
            yield Piece(text_at(item, "text"))


def _thing(kind: str, content: Mapping[str, Any]) -> Piece:
    if kind not in THINGS:
        return Piece(f"[{kind[:MOST_MENTIONED] or 'message'}]", Kind.OTHER)
    what, word, suffix = THINGS[kind]
    name = text_at(content, "fileName")
    said = text_at(content, "recognition")  # what DingTalk understood of a voice message
    words = f"[{word}: {name}]" if name else f"[{word}]"
    code = text_at(content, "downloadCode")
    size = content.get("fileSize")
    attachment = InboundAttachment(
        kind=what,
        source={"code": code},
        name=name or f"{what}{suffix}",
        size=size if isinstance(size, int) and 0 < size < 2**40 else 0,
    )
    return Piece(f"{said}\n{words}" if said else words, what, attachment if code else None)


def quoted_text(quoted: Mapping[str, Any]) -> str:
    content = object_of(quoted.get("content"))
    kind = text_at(quoted, "msgType")
    return text_at(content, "text") or text_at(content, "content") or (f"[{kind[:MOST_MENTIONED]}]" if kind else "")


# What a stranger sends may be anything: each of these is empty where something else stands.


def object_of(given: Any) -> Mapping[str, Any]:
    """An object, sometimes written as text."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {}
    return given if isinstance(given, dict) else {}


def text_at(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""
