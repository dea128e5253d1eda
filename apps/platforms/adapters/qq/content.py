"""Reads what a message of QQ contains, OneBot's segments or a text with CQ codes, as words and files. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from apps.chats.inbound import InboundAttachment
from apps.chats.models import Message

Kind = Message.Kind

# What stands for a thing without words.
THINGS = {
    "image": (Kind.IMAGE, "image"),
    "mface": (Kind.STICKER, "sticker"),
    "record": (Kind.VOICE, "voice message"),
    "video": (Kind.VIDEO, "video"),
    "file": (Kind.FILE, "file"),
}
SUFFIXES = {"image": ".jpg", "mface": ".gif", "record": ".amr", "video": ".mp4"}  # where no name comes along
SILENT = ("reply",)  # told otherwise
CODE = re.compile(r"\[CQ:([\w.-]+)((?:,[^\[\]]*)?)\]")
ESCAPES = (("&#91;", "["), ("&#93;", "]"), ("&#44;", ","), ("&amp;", "&"))  # the ampersand last


class Segment(NamedTuple):
    kind: str
    data: dict[str, str]  # whatever the platform sends: numbers and nothing become text


def segments(message: Any) -> list[Segment]:
    """What is no segment is left out."""
    if isinstance(message, str):
        return _from_text(message)
    found = message if isinstance(message, list) else [message]
    return [_segment(each["type"], each.get("data")) for each in found if isinstance(each, dict) and each.get("type")]


def _segment(kind: Any, data: Any) -> Segment:
    given = data.items() if isinstance(data, dict) else ()
    return Segment(str(kind), {str(name): _plain(value) for name, value in given})


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _from_text(text: str) -> list[Segment]:
    found: list[Segment] = []
    position = 0
    for code in CODE.finditer(text):
        found.append(_text(text[position : code.start()]))
        pairs = (pair.partition("=") for pair in code[2].split(",") if "=" in pair)
        found.append(Segment(code[1], {name: _unescaped(value) for name, _, value in pairs}))
        position = code.end()
    found.append(_text(text[position:]))
    return [segment for segment in found if segment.kind != "text" or segment.data["text"]]


def _text(escaped: str) -> Segment:
    return Segment("text", {"text": _unescaped(escaped)})


def _unescaped(text: str) -> str:
    for code, character in ESCAPES:
        text = text.replace(code, character)
    return text


def content(found: Sequence[Segment], own_id: str, own_name: str) -> tuple[str, bool, Kind]:
    """The text without the mention of us, whether there was one, and the kind of the first thing that is no text."""
    words, mentioned, kind = "", False, Kind.TEXT
    for segment in found:
        if segment.kind == "at" and segment.data.get("qq") in (own_id, "all"):
            mentioned = True
            words += "@all " if segment.data["qq"] == "all" else ""
        elif segment.kind not in SILENT:
            words += _words(segment)
            if kind is Kind.TEXT and segment.kind in THINGS:
                kind = THINGS[segment.kind][0]
    return words.strip() or (f"@{own_name}" if mentioned else ""), mentioned, kind


def _words(segment: Segment) -> str:
    kind, data = segment
    if kind == "text":
        return data.get("text", "")
    if kind == "at":
        return f"@{data.get('name') or data.get('qq', '')} "
    if kind == "markdown":
        return data.get("content", "")
    word = THINGS[kind][1] if kind in THINGS else kind[:30]
    name = data.get("name") or (data.get("file") if kind == "file" else "") or data.get("summary", "").strip("[]")
    return f"[{word}: {name}]" if name else f"[{word}]"


def attachments(found: Sequence[Segment], group: int) -> tuple[InboundAttachment, ...]:
    return tuple(
        InboundAttachment(
            kind=THINGS[segment.kind][0],
            source=source,
            name=_file_name(segment),
            size=int(size) if (size := segment.data.get("file_size", "")).isdecimal() and len(size) < 15 else 0,
        )
        for segment in found
        if segment.kind in THINGS and (source := _source(segment.data, group))
    )


def _source(data: Mapping[str, str], group: int) -> Mapping[str, Any] | None:
    for address in (data.get("url", ""), data.get("file", "")):
        if address.startswith(("http://", "https://")):
            return {"url": address}
    if group and data.get("file_id"):
        return {"group_id": group, "file_id": data["file_id"], "busid": data.get("busid", "")}
    return None


def _file_name(segment: Segment) -> str:
    given = segment.data.get("name") or segment.data.get("file", "")
    is_name = given and len(given) <= 200 and "://" not in given
    return given if is_name else f"{segment.kind}{SUFFIXES.get(segment.kind, '')}"
