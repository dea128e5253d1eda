"""The worker's end of the one wire between worker and agent: JSON objects, one a line, over any byte stream."""

import base64
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _

from apps.agents.link.throttle import Pace

logger = logging.getLogger(__name__)

PROTOCOL = 1
MAX_FRAME = 1024 * 1024  # bytes, the line end included
MAX_DATA = 512 * 1024  # raw bytes in one `data` field

Frame = dict[str, Any]


class LinkClosedError(Exception):
    """The other end is gone."""


class ByteStream(Protocol):
    """What carries the link: an attached container, or a subprocess's pipes."""

    def read(self) -> bytes:
        """Blocks; empty at the end."""
        ...

    def write(self, data: bytes) -> None:
        """Raises OSError when the other end is gone."""
        ...

    def close(self) -> None:
        """Lets go; a blocked `read` returns."""
        ...


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was no frame; the turn goes on without it."""

    reason: str
    start: str


class Splitter:
    """Bytes in, frames out; a line may be split anywhere, also inside a character."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[Frame | BadLine]:
        found: list[Frame | BadLine] = []
        *ends, rest = data.split(b"\n")
        for piece in ends:
            self._rest += piece
            if self._skipping:
                self._skipping = False
            elif self._rest.strip():
                found.append(_parse(bytes(self._rest)))
            self._rest.clear()
        self._keep(rest, found)
        return found

    def _keep(self, rest: bytes, found: list[Frame | BadLine]) -> None:
        if self._skipping:
            return
        self._rest += rest
        if len(self._rest) >= MAX_FRAME:
            found.append(BadLine(f"a line is longer than {MAX_FRAME} bytes", _start(bytes(self._rest[:200]))))
            self._rest.clear()
            self._skipping = True


def _parse(line: bytes) -> Frame | BadLine:
    if len(line) >= MAX_FRAME:
        return BadLine(f"a line is longer than {MAX_FRAME} bytes", _start(line))
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError):  # neither JSON nor UTF-8, or nested without end
        return BadLine("a line is not JSON", _start(line))
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        return BadLine("a line is no frame with a type", _start(line))
    return frame


def _start(line: bytes) -> str:
    return line[:120].decode(errors="replace")


class Link:
    """Frames over a byte stream: writing is serialised, reading happens in a thread that hands every frame on.

    `on_flood` is called in that thread, again and again, when the other end does not stop to talk too much.
    """

    def __init__(
        self,
        stream: ByteStream,
        on_frame: Callable[[Frame | BadLine | None], None],
        on_flood: Callable[[], None] = lambda: None,
    ) -> None:
        self._stream = stream
        self._on_frame = on_frame  # gets None once, at the end
        self._on_flood = on_flood
        self._pace = Pace()
        self._writing = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="link", daemon=True)
        self._reader.start()

    def end_line(self) -> None:
        """A worker that died in the middle of a frame left half a line, which would swallow our first one."""
        self._write(b"\n")

    def send(self, type_: str, **fields: Any) -> None:
        """Raises LinkClosedError when the other end is gone, ValueError when the frame is too long."""
        # Half a surrogate pair cannot be said in UTF-8; some platform may still deliver one.
        line = json.dumps({"type": type_, **fields}, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        line += b"\n"
        if len(line) > MAX_FRAME:
            raise ValueError(f"a {type_} frame of {len(line)} bytes is longer than {MAX_FRAME}")
        self._write(line)

    def _write(self, line: bytes) -> None:
        try:
            with self._writing:
                self._stream.write(line)
        except (OSError, ValueError) as error:  # ValueError: a pipe that is closed already
            raise LinkClosedError(_("The link to the agent is closed (%s).") % error) from error

    def send_data(self, type_: str, data: bytes, **fields: Any) -> None:
        for start in range(0, len(data), MAX_DATA):
            self.send(type_, data=base64.b64encode(data[start : start + MAX_DATA]).decode(), **fields)

    def close(self) -> None:
        self._pace.end()
        self._stream.close()
        self._reader.join(timeout=5)

    def _read(self) -> None:
        splitter = Splitter()
        try:
            while data := self._stream.read():
                for frame in splitter.feed(data):
                    self._on_frame(frame)
                self._pace.keep(data)
                if self._pace.is_flood:
                    self._on_flood()
        except (OSError, ValueError) as error:
            logger.debug("the link ended: %s", error)
        finally:
            self._on_frame(None)
