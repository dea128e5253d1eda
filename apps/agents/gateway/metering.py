"""Counts tokens in the model's answers while they pass, streamed or whole."""

import json
from typing import Any

from apps.agents.pricing import Usage

MAX_TOKENS = 10**9  # of one call: what says more is mistaken, and would not fit the rows
MAX_KEPT = 4 * 1024 * 1024  # bytes of a whole answer, or of one line of a streamed one
BYTES_A_TOKEN = 3  # where nobody says how many there were: rather too few bytes than too many
DELTA = b"content_block_delta"  # at the beginning of a line that carries words
AROUND_WORDS = 88  # bytes of such a line that are none


class Meter:
    """Fed with an answer's bytes in any pieces; `usage` holds what they say at the end."""

    def __init__(self, *, streamed: bool) -> None:
        self.model = ""
        self.usage = Usage()
        self._streamed = streamed
        self._kept = bytearray()
        self._said = 0  # bytes of the answer's own words, about
        self._is_told = False  # what was said has been counted by who said it

    @property
    def has_begun(self) -> bool:
        """Of a streamed answer what was read is counted: who lets go now owes no more than the words so far."""
        return self._streamed and bool(self.model)

    def feed(self, data: bytes) -> None:
        self._kept += data
        if self._streamed:
            *lines, rest = self._kept.split(b"\n")
            for line in lines:
                self._line(bytes(line))
            self._kept = bytearray(rest)
        if len(self._kept) > MAX_KEPT:
            self._said += len(self._kept)
            self._kept.clear()

    def close(self) -> Usage:
        """The counted usage; what it costs, the provider's prices say. What broke off is reckoned by its length."""
        if self._streamed:
            self._line(bytes(self._kept))
        elif self._kept:
            message = _loads(bytes(self._kept))
            self._message(message)
            self._said += _length_of_words(message)
            self._is_told = self.usage.output_tokens > 0
        if not self._is_told:  # or told as nothing, as middlemen do where the model behind them says nothing
            self.usage.output_tokens = max(self.usage.output_tokens, self._said // BYTES_A_TOKEN)
        return self.usage

    def _line(self, line: bytes) -> None:
        if DELTA in line[:40]:
            self._said += max(len(line) - AROUND_WORDS, 1)
            return
        # Only these two events carry usage; the others need not be parsed.
        if not line.startswith(b"data:") or b'"usage"' not in line:
            return
        event = _loads(line[5:])
        if event.get("type") == "message_start":
            self._message(_object(event.get("message")))
        elif event.get("type") == "message_delta":
            said = _object(event.get("usage"))
            self._count(said)
            told = said.get("output_tokens")
            self._is_told = isinstance(told, int) and told > 0

    def _message(self, message: dict[str, Any]) -> None:
        self.model = str(message.get("model") or self.model)
        self._count(_object(message.get("usage")))

    def _count(self, said: dict[str, Any]) -> None:
        """The figures are running totals of this one answer: a later one takes the place of an earlier one.

        The parts are documented under "Prompt caching" and "Web search tool" of the Messages API.
        """
        written = said.get("cache_creation")
        served = said.get("server_tool_use")
        self.usage.is_regional = self.usage.is_regional or said.get("inference_geo") == "us"
        for name, part, theirs in (
            ("input_tokens", said, "input_tokens"),
            ("output_tokens", said, "output_tokens"),
            ("cache_read_tokens", said, "cache_read_input_tokens"),
            ("cache_write_tokens", said, "cache_creation_input_tokens"),
            ("cache_write_1h_tokens", written, "ephemeral_1h_input_tokens"),
            ("web_searches", served, "web_search_requests"),
        ):
            number = part.get(theirs) if isinstance(part, dict) else None
            if isinstance(number, int):
                setattr(self.usage, name, min(max(number, 0), MAX_TOKENS))
        self.usage.cache_write_1h_tokens = min(self.usage.cache_write_1h_tokens, self.usage.cache_write_tokens)


def _length_of_words(message: dict[str, Any]) -> int:
    """Bytes of a whole answer's text, thinking and tool inputs, about."""
    blocks = message.get("content")
    if not isinstance(blocks, list):
        return 0
    said = [block.get(kind) for block in blocks if isinstance(block, dict) for kind in ("text", "thinking", "input")]
    return len(json.dumps([words for words in said if words], ensure_ascii=False).encode(errors="replace"))


def _loads(data: bytes) -> dict[str, Any]:
    try:
        return _object(json.loads(data))
    except ValueError:
        return {}


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
