import json
import os
import queue
from typing import Any

import pytest

from apps.agents.link.link import MAX_FRAME, BadLine, Link, LinkClosedError, Splitter


class Pipe:
    """A stream whose other end is the test."""

    def __init__(self) -> None:
        self.read_end, self.their_end = os.pipe()
        self.written = b""

    def read(self) -> bytes:
        return os.read(self.read_end, 65536)

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        os.close(self.their_end)


class BrokenPipe(Pipe):
    def write(self, data: bytes) -> None:
        raise BrokenPipeError("gone")


def frame(**fields: Any) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def test_a_line_split_at_any_byte_is_read_intact():
    line = frame(type="delta", text="héllo 世界 🎉")
    for cut in range(len(line)):
        splitter = Splitter()
        found = splitter.feed(line[:cut]) + splitter.feed(line[cut:])
        assert found == [{"type": "delta", "text": "héllo 世界 🎉"}]


@pytest.mark.parametrize(
    "line", [b"garbage\n", b"\xff\xfe\n", b"[1, 2]\n", b'{"no": "type"}\n', b'{"type": 3}\n', b'"x"\n']
)
def test_what_is_no_frame_is_said_and_the_next_one_is_read(line):
    bad, good = Splitter().feed(line + frame(type="ready"))

    assert isinstance(bad, BadLine)
    assert good == {"type": "ready"}


def test_a_line_of_ten_megabytes_is_skipped_without_being_kept():
    splitter = Splitter()
    found = []
    for _ in range(160):
        found += splitter.feed(b"x" * 65536)
        assert len(splitter._rest) < MAX_FRAME
    found += splitter.feed(b"\n" + frame(type="ready"))

    assert [type(one) for one in found] == [BadLine, dict]
    assert "longer" in str(found[0])


def test_empty_lines_are_no_frames():
    assert Splitter().feed(b"\n  \n\n") == []


def test_the_reader_hands_on_frames_and_says_the_end():
    pipe = Pipe()
    got: queue.Queue[object] = queue.Queue()
    link = Link(pipe, got.put)
    os.write(pipe.their_end, frame(type="ready"))
    first = got.get(timeout=5)
    link.close()

    assert first == {"type": "ready"}
    assert got.get(timeout=5) is None


def test_a_frame_over_the_limit_is_not_sent():
    pipe = Pipe()
    link = Link(pipe, lambda _: None)

    with pytest.raises(ValueError, match="longer than"):
        link.send("prompt", text="x" * MAX_FRAME)
    link.close()
    assert pipe.written == b""


def test_data_goes_in_pieces_below_the_limit():
    pipe = Pipe()
    link = Link(pipe, lambda _: None)
    link.send_data("http_chunk", b"x" * 2_000_000, id="1")
    link.close()

    assert all(len(line) < MAX_FRAME for line in pipe.written.splitlines())
    assert len(pipe.written.splitlines()) == 4


def test_writing_to_a_closed_link_is_said_in_words():
    pipe = BrokenPipe()
    link = Link(pipe, lambda _: None)

    with pytest.raises(LinkClosedError, match="closed"):
        link.send("stop")
    link.close()
