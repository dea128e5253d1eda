"""What a person sees of all processes: one line at a time, with the process's name in front."""

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import TextIO

COLOURS = {"up": 37, "web": 36, "agents": 35, "worker": 34, "listeners": 32, "redis": 33}
LONGEST_LINE = 64 * 1024
LONGEST_NAME = max(map(len, COLOURS))


class Output:
    """Prefixed lines on a console; with `as_json` the children's JSON lines pass untouched, and others become JSON."""

    def __init__(self, stream: TextIO, *, as_json: bool, coloured: bool) -> None:
        self.stream = stream
        self.as_json = as_json
        self.coloured = coloured

    def say(self, text: str, *, level: str = "info") -> None:
        """The supervisor's own words."""
        self.line("up", text, level=level)

    def line(self, name: str, text: str, *, level: str = "info") -> None:
        text = text.rstrip()
        if text:
            self._write(self._json(name, text, level) if self.as_json else f"{self._prefix(name)}{text}")

    def _prefix(self, name: str) -> str:
        column = f"{name:<{LONGEST_NAME}} │ "
        return f"\x1b[{COLOURS.get(name, 37)}m{column}\x1b[0m" if self.coloured else column

    def _json(self, name: str, text: str, level: str) -> str:
        if text.startswith("{"):
            return text
        now = datetime.now(UTC).isoformat()
        return json.dumps({"event": text, "level": level, "logger": name, "timestamp": now}, ensure_ascii=False)

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text + "\n")
            self.stream.flush()
        except OSError:  # nobody reads any more; that is no reason to stop serving
            logging.raiseExceptions = False


class LineBuffer:
    """Bytes as they come from a pipe, handed out as whole lines; an endless line is cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that are complete now; an empty chunk is the end and gives what is left."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if self._rest and (not chunk or len(self._rest) > LONGEST_LINE):
            lines.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace") for line in lines]


def colours_wanted(stream: TextIO) -> bool:
    """A terminal that did not ask for NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def console(*, as_json: bool) -> Output:
    return Output(sys.stdout, as_json=as_json, coloured=not as_json and colours_wanted(sys.stdout))
