"""Lines in, frames out, wherever the bytes are split."""

import json
import random

import pytest
from ngb_runner.link.frames import MAX_FRAME, TEXT_LIMIT, BadLine, Decoder, Frame, FrameTooLongError, cut, encode

STORY: list[Frame] = [
    {"type": "prompt", "id": "1", "text": "Grüße, 世界 🎉"},
    {"type": "tool_result", "id": "t1", "content": 'a "quoted"\nline', "is_error": False},
    {"type": "stop"},
]


def decoded(pieces: list[bytes]) -> list[object]:
    decoder = Decoder()
    return [frame for piece in pieces for frame in decoder.feed(piece)]


def test_a_stream_split_at_any_byte_reads_the_same() -> None:
    stream = b"".join(encode(frame) for frame in STORY)
    for at in range(len(stream) + 1):
        assert decoded([stream[:at], stream[at:]]) == STORY


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_in_random_pieces_reads_the_same(seed: int) -> None:
    chance = random.Random(seed)
    stream = b"".join(encode(frame) for frame in STORY * 20)
    cuts = sorted(chance.sample(range(1, len(stream)), 200))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert decoded(pieces) == STORY * 20


@pytest.mark.parametrize(
    "line",
    [b"hello", b"[1, 2]", b'"text"', b"{}", b'{"type": 7}', b'{"type": "sto', b"\xff\xfe\x00", b"[" * 100_000],
    ids=["text", "list", "string", "untyped", "number", "half", "bytes", "deep"],
)
def test_a_line_that_is_no_frame_is_named_and_the_next_one_is_read(line: bytes) -> None:
    bad, good = decoded([line + b"\n" + encode({"type": "stop"})])
    assert isinstance(bad, BadLine)
    assert bad.code == "bad_frame"
    assert good == {"type": "stop"}


def test_a_line_of_ten_megabytes_is_skipped_once_and_the_next_one_is_read() -> None:
    pieces = [b"x" * 65_536] * 160 + [b"\n" + encode({"type": "stop"})]
    bad, good = decoded(pieces)
    assert bad == BadLine("frame_too_long", f"a line over the limit of {MAX_FRAME} bytes was skipped")
    assert good == {"type": "stop"}


def test_the_longest_frame_fits_and_one_byte_more_does_not() -> None:
    empty = len(encode({"type": "log", "message": ""}))
    longest = encode({"type": "log", "message": "x" * (MAX_FRAME - empty)})
    assert len(longest) == MAX_FRAME
    assert decoded([longest]) == [json.loads(longest)]
    with pytest.raises(FrameTooLongError):
        encode({"type": "log", "message": "x" * (MAX_FRAME - empty + 1)})


def test_empty_lines_are_nothing() -> None:
    assert decoded([b"\n\r\n  \n"]) == []


def test_a_lone_surrogate_does_not_break_the_line() -> None:
    assert decoded([encode({"type": "log", "message": "\ud83c"})]) == [{"type": "log", "message": "?"}]


def test_a_long_text_is_cut_between_characters_and_says_so() -> None:
    short = cut("ü" * TEXT_LIMIT)
    assert short.startswith("üüü")
    assert f"[cut here: {2 * TEXT_LIMIT} bytes, the limit is {TEXT_LIMIT}]" in short
    assert len(encode({"type": "result", "text": cut("\x00" * MAX_FRAME)})) <= MAX_FRAME


def test_a_short_text_is_left_alone() -> None:
    assert cut("ü" * 10) == "ü" * 10
