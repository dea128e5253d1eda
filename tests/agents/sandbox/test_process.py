"""A subprocess's pipes: letting go wakes the reader, keeps no file open, and leaves the process alive."""

import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.agents.sandbox.process import PipeStream


@pytest.fixture
def echo() -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def open_pipes() -> list[str]:
    """Which, as other threads may open and close files of theirs meanwhile."""
    targets = [readlink(link) for link in Path("/proc/self/fd").iterdir()]
    return sorted(target for target in targets if target.startswith("pipe:"))


def readlink(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""  # closed just now


def test_letting_go_wakes_the_reader_and_keeps_no_file_open(echo):
    before = open_pipes()
    stream = PipeStream(echo)
    heard: queue.Queue[bytes] = queue.Queue()

    def listen():
        while data := stream.read():
            heard.put(data)
        heard.put(b"the end")

    reader = threading.Thread(target=listen)
    reader.start()
    stream.write(b"one\n")
    assert heard.get(timeout=30) == b"one\n"
    stream.close()

    assert heard.get(timeout=30) == b"the end"
    reader.join(30)
    assert (stream.read(), open_pipes()) == (b"", before)
    assert echo.poll() is None


def test_a_stream_that_nobody_read_keeps_no_file_open_either(echo):
    before = open_pipes()
    stream = PipeStream(echo)
    stream.close()
    stream.close()

    assert open_pipes() == before
