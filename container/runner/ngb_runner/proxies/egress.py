"""The way out of a container without a network: a loopback HTTP proxy whose connections travel over the link.

Nothing is decided here: whom the group may reach, and at which address that is, only the host knows.
"""

import asyncio
import base64
import itertools
import os
from contextlib import suppress
from urllib.parse import urlsplit

from ngb_runner.link.frames import Frame
from ngb_runner.link.link import Link

WINDOW = 262_144
"""Bytes of one tunnel and direction that may be on their way unread; the far end counts with the same number."""
PIECE = 65_536
MAX_HEAD = 65_536
MAX_TUNNELS = 32
HEAD_SECONDS = 30.0
OPEN_SECONDS = 1800.0
"""A person may have to be asked."""
OWN_HEADERS = ("proxy-", "connection:", "keep-alive:", "host:")
PLAIN_TARGETS = "127.0.0.1,localhost,::1"


class RefusedError(Exception):
    """No tunnel; `status` is what the local client is told, with the sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Tunnel:
    """One connection of a local client; neither side ever holds more than WINDOW bytes of it."""

    def __init__(self, tunnel_id: str, link: Link, writer: asyncio.StreamWriter) -> None:
        self.id = tunnel_id
        self._link = link
        self._writer = writer
        self._credit = WINDOW
        self._credited = asyncio.Event()
        self._received: asyncio.Queue[int] = asyncio.Queue()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended = False  # the host has closed it

    def receive(self, frame: Frame) -> None:
        """A tunnel_* frame from the host."""
        if frame["type"] == "tunnel_opened":
            if not self.opened.done():
                self.opened.set_result(None)
        elif frame["type"] == "tunnel_data":
            data = base64.b64decode(frame["data"])
            self._writer.write(data)
            self._received.put_nowait(len(data))
        elif frame["type"] == "tunnel_credit":
            self._credit += int(frame["bytes"])
            self._credited.set()
        else:
            self._end(frame)

    def _end(self, frame: Frame) -> None:
        self.ended = True
        self._credited.set()
        if not self.opened.done():
            sentence = str(frame.get("error") or "The connection was closed.")
            self.opened.set_exception(RefusedError(int(frame.get("status") or 502), sentence))
        else:
            self._writer.close()  # what is written goes out first

    async def carry(self, first: bytes, reader: asyncio.StreamReader) -> None:
        """Both ways, until one side ends."""
        granting = asyncio.create_task(self._grant())
        try:
            await self._send(first)
            while data := await reader.read(PIECE):
                await self._send(data)
        finally:
            granting.cancel()

    async def _send(self, data: bytes) -> None:
        while data and not self.ended:
            if self._credit <= 0:
                self._credited.clear()
                await self._credited.wait()
                continue
            piece, data = data[: min(PIECE, self._credit)], data[min(PIECE, self._credit) :]
            self._credit -= len(piece)
            self._link.send("tunnel_data", id=self.id, data=base64.b64encode(piece).decode("ascii"))
            await self._link.drained()

    async def _grant(self) -> None:
        """Lets the host send more as fast as the local client reads."""
        while True:
            size = await self._received.get()
            with suppress(ConnectionError):
                await self._writer.drain()
            self._link.send("tunnel_credit", id=self.id, bytes=size)


class Egress:
    """The listener. Outside a turn (`opened` is False) every request gets 503 at once."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._ids = itertools.count(1)
        self._tunnels: dict[str, Tunnel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.opened = False

    async def listen(self) -> None:
        """Bind to a free loopback port, and tell every program that is started from here about it."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=MAX_HEAD)
        url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        os.environ.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), url))
        os.environ.update({"NO_PROXY": PLAIN_TARGETS, "no_proxy": PLAIN_TARGETS, "NODE_USE_ENV_PROXY": "1"})

    def receive(self, frame: Frame) -> None:
        """A tunnel_* frame from the host; frames for a tunnel that is gone are dropped."""
        if tunnel := self._tunnels.get(str(frame.get("id"))):
            tunnel.receive(frame)

    def shut(self) -> None:
        """End of a turn: nothing of it stays connected."""
        self.opened = False
        for task in list(self._tasks):
            task.cancel()

    async def close(self) -> None:
        """Give up the port and every connection."""
        self.shut()
        if self._server is not None:
            self._server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except RefusedError as error:
            _answer(writer, error.status, str(error))
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.LimitOverrunError, TimeoutError) as error:
            raise RefusedError(400, "The request's head is too long, or did not come.") from error
        host, port, first = _wanted(head)
        if not self.opened:
            raise RefusedError(503, "No turn is in progress.")
        if len(self._tunnels) >= MAX_TUNNELS:
            raise RefusedError(503, f"More than {MAX_TUNNELS} connections at once.")
        tunnel = Tunnel(f"t{next(self._ids)}", self._link, writer)
        self._tunnels[tunnel.id] = tunnel
        try:
            self._link.send("tunnel_open", id=tunnel.id, host=host, port=port)
            await _opening(tunnel)
            if not first:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await tunnel.carry(first, reader)
        finally:
            del self._tunnels[tunnel.id]
            if not tunnel.ended:
                self._link.send("tunnel_close", id=tunnel.id)


async def _opening(tunnel: Tunnel) -> None:
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            await tunnel.opened
    except TimeoutError as error:
        raise RefusedError(504, "The host has not answered in time.") from error


def _wanted(head: bytes) -> tuple[str, int, bytes]:
    """Host, port, and what to send there first: nothing for CONNECT, else the request as a server expects it."""
    line, *headers = head[:-4].decode("latin-1").split("\r\n")
    try:
        method, target, version = line.split(" ")
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise RefusedError(400, "That is no request to a proxy.") from error
    if not host or (method == "CONNECT" and not port) or (method != "CONNECT" and parts.scheme != "http"):
        raise RefusedError(400, "A proxy takes CONNECT host:port, or a request with a whole http:// address.")
    if method == "CONNECT":
        return host, port or 0, b""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [header for header in headers if not header.lower().startswith(OWN_HEADERS)]
    authority = parts.netloc.rpartition("@")[2]
    # One request for each connection: the next one may be meant for somebody else.
    lines = [f"{method} {path} {version}", f"Host: {authority}", *kept, "Connection: close", "", ""]
    return host, port or 80, "\r\n".join(lines).encode("latin-1")


def _answer(writer: asyncio.StreamWriter, status: int, sentence: str) -> None:
    """The sentence stands in the status line too: for a refused CONNECT, clients show nothing else."""
    phrase = sentence.encode("ascii", "replace").decode()[:300].replace("\r", " ").replace("\n", " ")
    body = f"{sentence}\n".encode()
    head = f"HTTP/1.1 {status} {phrase}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
    writer.write(f"{head}connection: close\r\n\r\n".encode("latin-1") + body)
