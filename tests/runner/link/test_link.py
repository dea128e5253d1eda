"""The runner's end of the link: frames go out whole and in order, and come in as they arrive."""

import asyncio
import os
import subprocess
import sys

import pytest
from ngb_runner.link.frames import MAX_FRAME, BadLine, Frame, FrameTooLongError
from ngb_runner.link.link import Link, listen

from tests.runner.support import RUNNER, sent

CLAIM = """
import os
from ngb_runner.link.link import claim_stdio
incoming, outgoing = claim_stdio()
print("a library's words")
os.write(outgoing, os.read(incoming, 100).upper() + os.read(0, 100))
"""


def test_frames_go_out_whole_and_in_the_order_of_their_sending() -> None:
    def story(link: Link) -> None:
        for number in range(100):
            link.send("delta", text="世" * 5000, number=number)

    frames = sent(story)
    assert [frame["number"] for frame in frames] == list(range(100))
    assert {frame["text"] for frame in frames} == {"世" * 5000}


def test_one_that_is_too_long_is_refused_and_the_next_one_goes_out() -> None:
    def story(link: Link) -> None:
        with pytest.raises(FrameTooLongError):
            link.send("delta", text="x" * MAX_FRAME)
        link.send("delta", text="short")

    assert sent(story) == [{"type": "delta", "text": "short"}]


def test_a_line_of_the_log_is_cut() -> None:
    (frame,) = sent(lambda link: link.log("info", "x" * 3000))
    assert (frame["type"], frame["level"], frame["message"]) == ("log", "info", "x" * 2000)


def test_what_arrives_is_handed_on_until_the_host_hangs_up() -> None:
    heard: list[Frame | BadLine] = []

    async def hear() -> None:
        incoming, theirs = os.pipe()
        ended = asyncio.Event()
        await listen(incoming, heard.append, ended)
        os.write(theirs, b'{"type": "prompt", "te')
        await asyncio.sleep(0.1)
        assert (heard, ended.is_set()) == ([], False)
        os.write(theirs, b'xt": "hi"}\n{"type": "stop"}\n')
        os.close(theirs)
        await asyncio.wait_for(ended.wait(), 30)

    asyncio.run(hear())
    assert heard == [{"type": "prompt", "text": "hi"}, {"type": "stop"}]


def test_nothing_that_is_printed_reaches_the_host() -> None:
    command = [sys.executable, "-c", CLAIM]
    environment = os.environ | {"PYTHONPATH": str(RUNNER)}
    done = subprocess.run(
        command, input="hello", env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("HELLO", "a library's words\n")
