"""An agent's byte stream at the engine: on this machine's own socket, and through the library elsewhere."""

import queue
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest
from docker.errors import NotFound
from pytest_django import Settings

from apps.agents.sandbox import selection
from apps.agents.sandbox.engine import AttachedStream, engine, remove

pytestmark = pytest.mark.docker

TUNNEL = """
import asyncio

async def copy(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()

async def pass_on(reader, writer):
    behind_reader, behind_writer = await asyncio.open_unix_connection("/var/run/docker.sock")
    await asyncio.gather(copy(reader, behind_writer), copy(behind_reader, writer))

async def main():
    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@pytest.fixture(params=["this machine's socket", "a TCP address"])
def reached(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[str]:
    """The same engine, reached in two ways."""
    if missing := selection.docker_missing():
        pytest.skip(f"skipped because Docker is missing: {missing}")
    if request.param == "a TCP address":
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{request.getfixturevalue('tunnel')}")
    engine.cache_clear()
    yield request.param
    engine.cache_clear()


@pytest.fixture
def tunnel() -> Iterator[int]:
    """A TCP port behind which the engine's own socket stands."""
    with subprocess.Popen([sys.executable, "-c", TUNNEL], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.kill()


@pytest.fixture
def echo(reached: str, settings: Settings) -> Iterator[str]:
    """A container that says what it hears."""
    name = f"ngb-test-{uuid.uuid4().hex[:12]}"
    config = engine().create_container_config(settings.AGENT_IMAGE, None, entrypoint=["cat"], stdin_open=True)
    engine().create_container_from_config({**config, "StdinOnce": False}, name=name)
    engine().start(name)
    yield name
    remove(name)


def test_both_ways_carry_bytes_and_letting_go_ends_nothing(echo):
    for word in (b"one\n", b"two\n"):
        stream = AttachedStream(echo)
        stream.write(word)
        assert stream.read() == word
        stream.close()

    assert engine().inspect_container(echo)["State"]["Running"]


def test_a_container_that_is_not_there_is_said_to_be_missing(reached):
    with pytest.raises(NotFound, match="No such container"):
        AttachedStream("ngb-test-nobody")


def test_a_link_that_was_let_go_wakes_its_reader(echo):
    stream = AttachedStream(echo)
    heard: queue.Queue[bytes | str] = queue.Queue()

    def listen():
        with suppress(OSError):  # where it was between two reads
            while data := stream.read():
                heard.put(data)
        heard.put("the end")

    threading.Thread(target=listen, daemon=True).start()
    stream.write(b"one\n")
    assert heard.get(timeout=30) == b"one\n"

    stream.close()

    assert heard.get(timeout=30) == "the end"
