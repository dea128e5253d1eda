"""Model calls: a loopback HTTP/1.1 listener whose requests travel over the link as http_* frames."""

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator
from http import HTTPStatus

from ngb_runner.link.frames import MAX_DATA, Frame
from ngb_runner.link.link import Link

MCP_PREFIX = "/mcp/"
"""Paths of MCP servers, `/mcp/<name>`; all others are model calls."""
MAX_HEAD = 65_536
MAX_BODY = 64 * 1_048_576
MAX_UNREAD = 8 * 1_048_576
"""Bytes of an answer that may wait for a local client that does not read; then it is cut off."""
MAX_CONNECTIONS = 64

HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "content-length", "host", "expect",
})  # fmt: skip
BODILESS = frozenset({204, 304})


class BadRequestError(Exception):
    """The local client does not speak HTTP as we do; `status` says how."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Head:
    """Method, path and headers of one request."""

    def __init__(self, raw: bytes) -> None:
        lines = raw.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequestError(400, "not an HTTP/1.1 request")
        self.method, self.path = parts[0], parts[1]
        pairs = (line.partition(":") for line in lines[1:] if line)
        self.headers = {name.strip().lower(): value.strip() for name, _colon, value in pairs}

    @property
    def forwarded(self) -> dict[str, str]:
        """Headers that concern the far end."""
        return {name: value for name, value in self.headers.items() if name not in HOP_BY_HOP}


class Exchange:
    """One request in flight; the far end's frames are written to the client as they arrive."""

    def __init__(self, writer: asyncio.StreamWriter, method: str) -> None:
        self._writer = writer
        self._method = method
        self._begun = False
        self._chunked = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def respond(self, status: int, headers: dict[str, str]) -> None:
        """Write the status line and headers."""
        self._begun = True
        self._chunked = self._method != "HEAD" and status not in BODILESS
        kept = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
        if self._chunked:
            kept["transfer-encoding"] = "chunked"
        self._writer.write(_head(status, kept))

    def chunk(self, data: bytes) -> None:
        """Write a piece of the body; a client that does not read is cut off."""
        if not self._chunked or not data or self._writer.transport.is_closing():
            return
        self._writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD:
            self._writer.transport.abort()

    def end(self, error: str | None) -> None:
        """Finish the answer, or break it off so that the client sees that it is not whole."""
        if error and not self._begun:
            _answer(self._writer, 502, error)
        elif error:
            self._writer.transport.abort()
        elif self._chunked and not self._writer.transport.is_closing():
            self._writer.write(b"0\r\n\r\n")
        if not self.done.done():
            self.done.set_result(None)


class _Reader(asyncio.StreamReader):
    """Tells the connection's task at once when the client goes away, also in mid-answer."""

    def __init__(self) -> None:
        super().__init__(limit=MAX_HEAD)
        self.task: asyncio.Task[None] | None = None

    def feed_eof(self) -> None:
        super().feed_eof()
        self._gone()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self._gone()

    def _gone(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Proxy:
    """The listener. Outside a turn (`opened` is False) every request gets 503 at once.

    The command line greets its MCP servers when it starts: these are served from then on (`attached`).
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._ids = itertools.count(1)
        self._exchanges: dict[str, Exchange] = {}
        self._tasks: dict[asyncio.Task[None], str | None] = {}
        self._server: asyncio.Server | None = None
        self.opened = False
        self.attached = False

    async def listen(self) -> None:
        """Bind to a free port of the loopback address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        """What the agent's ANTHROPIC_BASE_URL should be."""
        if self._server is None:
            raise RuntimeError("listen() first")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def shut(self) -> None:
        """End of a turn: refuse new requests and cancel those in flight."""
        self.opened = self.attached = False
        for task, exchange_id in list(self._tasks.items()):
            if exchange_id is not None:
                task.cancel()

    async def close(self) -> None:
        """Give up the port and every connection."""
        self.opened = self.attached = False
        for task in list(self._tasks):
            task.cancel()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def receive(self, frame: Frame) -> None:
        """An http_* frame from the host; frames for a request that is gone are dropped."""
        exchange = self._exchanges.get(str(frame.get("id")))
        if exchange is None:
            return
        if frame["type"] == "http_response":
            exchange.respond(int(frame["status"]), dict(frame.get("headers") or {}))
        elif frame["type"] == "http_chunk":
            exchange.chunk(base64.b64decode(frame["data"]))
        else:
            exchange.end(frame.get("error"))

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        reader = _Reader()

        def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            reader.task = asyncio.create_task(self._serve(reader, writer))
            self._tasks[reader.task] = None
            reader.task.add_done_callback(lambda task: self._tasks.pop(task, None))

        return asyncio.StreamReaderProtocol(reader, connected)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._tasks) > MAX_CONNECTIONS:
                raise BadRequestError(503, "too many connections")
            while await self._serve_one(reader, writer):
                pass
        except BadRequestError as error:
            _answer(writer, error.status, str(error))
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; whether the connection stays open for another."""
        try:
            head = Head(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError as error:
            raise BadRequestError(431, "the request's headers are too long") from error
        if head.headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _body(reader, head)
        if not (self.opened or (self.attached and head.path.startswith(MCP_PREFIX))):
            async for _piece in body:
                pass
            _answer(writer, 503, "no turn is in progress")
        else:
            await self._forward(head, body, writer)
        return head.headers.get("connection", "").lower() != "close"

    async def _forward(self, head: Head, body: AsyncIterator[bytes], writer: asyncio.StreamWriter) -> None:
        exchange_id = f"h{next(self._ids)}"
        exchange = self._exchanges[exchange_id] = Exchange(writer, head.method)
        task = asyncio.current_task()
        if task is not None:
            self._tasks[task] = exchange_id
        try:
            await self._send_request(exchange_id, head, body)
            await exchange.done
        except (asyncio.CancelledError, BadRequestError, asyncio.IncompleteReadError):
            self._link.send("http_cancel", id=exchange_id)
            raise
        finally:
            del self._exchanges[exchange_id]
            if task is not None:
                self._tasks[task] = None
        await writer.drain()

    async def _send_request(self, exchange_id: str, head: Head, body: AsyncIterator[bytes]) -> None:
        """http_request with the first piece, then http_body frames; one piece is read ahead to know the last."""
        held = await anext(body, b"")
        kind = "http_request"
        fields = {"method": head.method, "path": head.path, "headers": head.forwarded}
        async for piece in body:
            self._send_piece(kind, exchange_id, held, more=True, **fields)
            await self._link.drained()
            kind, fields, held = "http_body", {}, piece
        self._send_piece(kind, exchange_id, held, more=False, **fields)

    def _send_piece(self, kind: str, exchange_id: str, data: bytes, *, more: bool, **fields: object) -> None:
        text = base64.b64encode(data).decode("ascii")
        if kind == "http_request":
            self._link.send(kind, id=exchange_id, body=text, more=more, **fields)
        else:
            self._link.send(kind, id=exchange_id, data=text, last=not more)


async def _body(reader: asyncio.StreamReader, head: Head) -> AsyncIterator[bytes]:
    """The request's body in pieces of at most MAX_DATA bytes."""
    if "chunked" in head.headers.get("transfer-encoding", "").lower():
        async for piece in _chunked_body(reader):
            yield piece
        return
    left = _number(head.headers.get("content-length", "0"), 10)
    if left > MAX_BODY:
        raise BadRequestError(413, "the request is too large")
    while left:
        piece = await reader.readexactly(min(left, MAX_DATA))
        left -= len(piece)
        yield piece


async def _chunked_body(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    total = 0
    while size := _number((await reader.readuntil(b"\r\n")).split(b";")[0].strip().decode("latin-1"), 16):
        total += size
        if total > MAX_BODY:
            raise BadRequestError(413, "the request is too large")
        while size:
            piece = await reader.readexactly(min(size, MAX_DATA))
            size -= len(piece)
            yield piece
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass


def _number(text: str, base: int) -> int:
    try:
        value = int(text, base)
    except ValueError as error:
        raise BadRequestError(400, "a length is not a number") from error
    if value < 0:
        raise BadRequestError(400, "a length is negative")
    return value


def _answer(writer: asyncio.StreamWriter, status: int, message: str) -> None:
    """A whole answer of our own, in the form of the Messages API's errors."""
    body = json.dumps({"type": "error", "error": {"type": "api_error", "message": message}}).encode()
    writer.write(_head(status, {"content-type": "application/json", "content-length": str(len(body))}) + body)


def _head(status: int, headers: dict[str, str]) -> bytes:
    """Status line and headers; a header that would break the framing is left out."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    pairs = [f"{name}: {value}" for name, value in headers.items() if not {"\r", "\n"} & set(name + value)]
    return "\r\n".join([f"HTTP/1.1 {status} {phrase}", *pairs, "", ""]).encode("latin-1", "replace")
