"""What is said to an agent after its turn reaches nobody: a subprocess's pipes may have become another agent's."""

import os
import queue
import subprocess
import threading
from collections.abc import Iterator

import pytest

from apps.agents.sandbox.process import PipeStream

LONG = b"." * 1_000_000  # more than any pipe holds


@pytest.fixture
def echo() -> "Iterator[subprocess.Popen[bytes]]":
    yield from started("cat")


@pytest.fixture
def deaf() -> "Iterator[subprocess.Popen[bytes]]":
    yield from started("sleep", "600")


def started(*command: str) -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_stream_that_was_let_go_writes_nothing(echo):
    stream = PipeStream(echo)
    stream.write(b"in time\n")
    stream.close()

    with pytest.raises(OSError, match="let go"):
        stream.write(b"too late\n")
    assert echo.communicate(timeout=60)[0] == b"in time\n"


def test_what_has_taken_the_place_of_a_stopped_process_hears_nothing(echo):
    stream = PipeStream(echo)
    stream.close()
    reading, writing = os.pipe()
    os.dup2(writing, echo.stdin.fileno())
    os.close(writing)

    with pytest.raises(OSError, match="let go"):
        stream.write(b"another group's answer\n")
    echo.stdin.close()
    assert os.read(reading, 100) == b""
    os.close(reading)


def test_letting_go_wakes_who_waits_to_write(deaf):
    stream = PipeStream(deaf)
    ended: queue.Queue[str] = queue.Queue()

    def write():
        try:
            stream.write(LONG)
        except OSError as error:
            ended.put(str(error))

    writer = threading.Thread(target=write)
    writer.start()
    stream.close()

    assert ended.get(timeout=60) == "the link was let go"
    writer.join(60)
