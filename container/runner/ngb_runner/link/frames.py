"""Frames of the link: one JSON object a line, UTF-8, at most MAX_FRAME bytes with its newline."""

import json
from dataclasses import dataclass
from typing import Any

MAX_FRAME = 1_048_576
MAX_DATA = 524_288
"""Raw bytes carried by one frame's base64 `data` or `body`."""
TEXT_LIMIT = 131_072
"""Bytes of text in one frame: JSON may write a byte as six (`\\u0000`), and the frame must still fit."""

Frame = dict[str, Any]


class FrameTooLongError(Exception):
    """The frame would not fit into MAX_FRAME bytes."""


@dataclass(frozen=True)
class BadLine:
    """A line that is no frame; `code` is one of the link's error codes."""

    code: str
    message: str


def encode(frame: Frame) -> bytes:
    """The frame as a line; raises FrameTooLongError."""
    line = json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
    if len(line) > MAX_FRAME:
        raise FrameTooLongError(f"a {frame['type']} frame of {len(line)} bytes is over the limit of {MAX_FRAME}")
    return line


def cut(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text, shortened to about `limit` bytes with a sentence that says so."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return text
    return f"{raw[:limit].decode('utf-8', 'ignore')}\n[cut here: {len(raw)} bytes, the limit is {limit}]"


class Decoder:
    """Turns bytes, split anywhere, into frames and BadLines; a line too long is skipped to its end."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[Frame | BadLine]:
        """All frames that these bytes complete, in order."""
        found: list[Frame | BadLine] = []
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._take(piece, found)
            self._end_line(found)
        self._take(rest, found)
        return found

    def _take(self, piece: bytes, found: list[Frame | BadLine]) -> None:
        if self._skipping:
            return
        self._buffer += piece
        if len(self._buffer) >= MAX_FRAME:
            self._skipping = True
            self._buffer.clear()
            found.append(BadLine("frame_too_long", f"a line over the limit of {MAX_FRAME} bytes was skipped"))

    def _end_line(self, found: list[Frame | BadLine]) -> None:
        line = bytes(self._buffer)
        self._buffer.clear()
        skipped, self._skipping = self._skipping, False
        if not skipped and line.strip():
            found.append(_parse(line))


def _parse(line: bytes) -> Frame | BadLine:
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError) as error:
        return BadLine("bad_frame", f"a line of {len(line)} bytes is not JSON: {error}")
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        return BadLine("bad_frame", "a line is JSON but not an object with a type")
    return frame
