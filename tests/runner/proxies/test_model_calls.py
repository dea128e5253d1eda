"""Model calls through the loopback listener: raw HTTP on one side, frames on the other."""

import asyncio
import base64
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ngb_runner.link.frames import MAX_DATA
from ngb_runner.link.link import Link, open_link
from ngb_runner.proxies.model_calls import MAX_UNREAD, Proxy

GET = b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Api-Key: k\r\n\r\n"


class Far:
    """The host's end of the link, and a proxy to talk to."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader) -> None:
        self.proxy = proxy
        self._reader = reader

    async def frame(self) -> dict[str, Any]:
        line = await asyncio.wait_for(self._reader.readline(), 30)
        return dict(json.loads(line))

    def answer(self, call_id: str, *chunks: bytes, status: int = 200, **headers: str) -> None:
        self.proxy.receive({"type": "http_response", "id": call_id, "status": status, "headers": headers})
        for chunk in chunks:
            self.chunk(call_id, chunk)

    def chunk(self, call_id: str, data: bytes) -> None:
        self.proxy.receive({"type": "http_chunk", "id": call_id, "data": base64.b64encode(data).decode()})

    def end(self, call_id: str, **error: str) -> None:
        self.proxy.receive({"type": "http_end", "id": call_id, **error})

    @asynccontextmanager
    async def client(self, sent: bytes = GET) -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(self.proxy.url.rsplit(":", 1)[1]))
        writer.write(sent)
        yield reader
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def open_far() -> AsyncIterator[Far]:
    ours, theirs = socket.socketpair()
    link: Link = await open_link(ours.detach())
    reader, writer = await asyncio.open_connection(sock=theirs, limit=4_000_000)
    proxy = Proxy(link)
    await proxy.listen()
    proxy.opened = True
    yield Far(proxy, reader)
    await proxy.close()
    link.close()
    writer.close()


Story = Callable[[Far], Coroutine[Any, Any, None]]


def run(story: Story) -> None:
    async def whole() -> None:
        async with asyncio.timeout(60), open_far() as far:
            await story(far)

    asyncio.run(whole())


async def read(reader: asyncio.StreamReader, until: bytes = b"0\r\n\r\n") -> bytes:
    return await asyncio.wait_for(reader.readuntil(until), 30)


def test_a_request_becomes_one_frame_and_its_answer_comes_back() -> None:
    async def story(far: Far) -> None:
        async with far.client() as client:
            request = await far.frame()
            far.answer(request["id"], b"hello", status=418, x_teapot="yes")
            far.end(request["id"])
            answer = await read(client)
        assert (request["method"], request["path"], request["more"]) == ("GET", "/v1/models", False)
        assert request["headers"] == {"x-api-key": "k"}
        assert answer.startswith(b"HTTP/1.1 418 I'm a Teapot\r\nx_teapot: yes\r\ntransfer-encoding: chunked\r\n\r\n")
        assert answer.endswith(b"5\r\nhello\r\n0\r\n\r\n")

    run(story)


def test_an_event_reaches_the_client_before_the_next_one_exists() -> None:
    async def story(far: Far) -> None:
        async with far.client() as client:
            call_id = (await far.frame())["id"]
            far.answer(call_id, b"event: 1\n\n")
            assert (await read(client, b"event: 1\n\n\r\n")).endswith(b"event: 1\n\n\r\n")
            far.chunk(call_id, b"event: 2\n\n")
            assert await read(client, b"event: 2\n\n\r\n") == b"a\r\nevent: 2\n\n\r\n"

    run(story)


def test_outside_a_turn_every_request_is_refused_at_once() -> None:
    async def story(far: Far) -> None:
        far.proxy.opened = False
        async with far.client(GET * 2) as client:
            answer = await read(client, b"in progress") + await read(client, b"in progress")
        assert answer.count(b"HTTP/1.1 503") == 2

    run(story)


@pytest.mark.parametrize("size", [0, 5, MAX_DATA, MAX_DATA + 1, 3 * MAX_DATA])
def test_a_body_of_any_size_arrives_whole(size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    async def story(far: Far) -> None:
        head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size
        async with far.client(head + body):
            frame = await far.frame()
            got, more = base64.b64decode(frame["body"]), frame["more"]
            while more:
                frame = await far.frame()
                got, more = got + base64.b64decode(frame["data"]), not frame["last"]
            assert got == body

    run(story)


def test_a_chunked_body_arrives_whole() -> None:
    async def story(far: Far) -> None:
        head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        async with far.client(head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n"):
            first, second = await far.frame(), await far.frame()
        assert base64.b64decode(first["body"]) + base64.b64decode(second["data"]) == b"abcde"
        assert (first["more"], second["last"]) == (True, True)

    run(story)


def test_a_connection_serves_one_request_after_another() -> None:
    async def story(far: Far) -> None:
        async with far.client(GET * 2) as client:
            for _ in range(2):
                call_id = (await far.frame())["id"]
                far.answer(call_id, b"ok")
                far.end(call_id)
                assert (await read(client)).endswith(b"2\r\nok\r\n0\r\n\r\n")

    run(story)


def test_requests_are_served_side_by_side_and_answers_find_their_own() -> None:
    async def story(far: Far) -> None:
        async with far.client() as first, far.client() as second:
            ids = [(await far.frame())["id"], (await far.frame())["id"]]
            for call_id in reversed(ids):
                far.answer(call_id, call_id.encode())
                far.end(call_id)
            answers = {(await read(first))[-11:-7], (await read(second))[-11:-7]}
        assert answers == {f"\r\n{call_id}".encode() for call_id in ids}

    run(story)


def test_a_client_that_goes_away_cancels_its_request() -> None:
    async def story(far: Far) -> None:
        async with far.client():
            call_id = (await far.frame())["id"]
        assert await far.frame() == {"type": "http_cancel", "id": call_id}
        far.answer(call_id, b"too late")  # and a late answer harms nobody
        far.end(call_id)

    run(story)


def test_a_client_that_resets_its_connection_cancels_its_request() -> None:
    async def story(far: Far) -> None:
        raw = socket.create_connection(("127.0.0.1", int(far.proxy.url.rsplit(":", 1)[1])))
        raw.sendall(GET)
        call_id = (await far.frame())["id"]
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
        assert await far.frame() == {"type": "http_cancel", "id": call_id}

    run(story)


def test_the_end_of_a_turn_cancels_what_is_in_flight() -> None:
    async def story(far: Far) -> None:
        async with far.client() as client:
            call_id = (await far.frame())["id"]
            far.proxy.shut()
            assert await far.frame() == {"type": "http_cancel", "id": call_id}
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await read(client)

    run(story)


def test_an_upstream_that_fails_before_it_answers_is_a_502_in_words() -> None:
    async def story(far: Far) -> None:
        async with far.client() as client:
            far.end((await far.frame())["id"], error="connection refused")
            answer = await read(client, b"refused")
        assert answer.startswith(b"HTTP/1.1 502")

    run(story)


def test_an_upstream_that_fails_in_mid_answer_leaves_the_answer_visibly_unfinished() -> None:
    async def story(far: Far) -> None:
        async with far.client() as client:
            call_id = (await far.frame())["id"]
            far.answer(call_id, b"half")
            await read(client, b"half\r\n")
            far.end(call_id, error="reset")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await read(client)

    run(story)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / SPDY/3\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: five\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
    ids=["words", "spdy", "head", "large", "negative", "five", "chunk"],
)
def test_a_bad_request_is_refused_in_words(sent: bytes, status: int) -> None:
    async def story(far: Far) -> None:
        async with far.client(sent) as client:
            assert (await read(client, b"\r\n")).startswith(b"HTTP/1.1 %d " % status)

    run(story)


def test_a_client_that_does_not_read_is_cut_off() -> None:
    async def story(far: Far) -> None:
        async with far.client():
            call_id = (await far.frame())["id"]
            far.answer(call_id)
            for _ in range(3 * MAX_UNREAD // MAX_DATA):
                far.chunk(call_id, b"x" * MAX_DATA)
            assert await far.frame() == {"type": "http_cancel", "id": call_id}

    run(story)


def test_a_header_cannot_smuggle_another() -> None:
    async def story(far: Far) -> None:
        async with far.client() as client:
            call_id = (await far.frame())["id"]
            far.answer(call_id, a="b\r\nset-cookie: c", d="e")
            assert await read(client, b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\nd: e\r\ntransfer-encoding: chunked\r\n\r\n"

    run(story)


def test_mcp_servers_are_served_from_the_start_on_and_models_only_in_a_turn() -> None:
    async def story(far: Far) -> None:
        far.proxy.opened, far.proxy.attached = False, True
        async with far.client() as reader:
            assert (await reader.readline()).split()[1] == b"503"
        async with far.client(GET.replace(b"/v1/models", b"/mcp/office")) as reader:
            frame = await far.frame()
            assert frame["path"] == "/mcp/office"
            far.answer(frame["id"], b"hi")
            far.end(frame["id"])
            assert (await reader.readline()).split()[1] == b"200"
        far.proxy.shut()
        async with far.client(GET.replace(b"/v1/models", b"/mcp/office")) as reader:
            assert (await reader.readline()).split()[1] == b"503"

    run(story)
