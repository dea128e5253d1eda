"""OneBot's message segments, whether they come as a list or as text with CQ codes."""

import re
from typing import Any, NamedTuple

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
    return Segment(str(kind), {str(name): _words(value) for name, value in given})


def _words(value: Any) -> str:
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
