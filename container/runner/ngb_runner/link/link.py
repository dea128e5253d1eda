"""The link's two ends in this process: stdin in, stdout out; everything else that prints goes to stderr."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

from ngb_runner.link.frames import BadLine, Decoder, Frame, encode

Receiver = Callable[[Frame | BadLine], None]


class Link:
    """Writes frames whole and in order. `send` never waits; bulk writers await `drained` after it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def send(self, kind: str, /, **fields: Any) -> None:
        """Queue one frame; raises FrameTooLongError."""
        self._writer.write(encode({"type": kind, **fields}))

    def log(self, level: str, message: str) -> None:
        """Tell the host something worth a line in its log."""
        self.send("log", level=level, message=message[:2000])

    def close(self) -> None:
        """Flush what is written, then close."""
        self._writer.close()

    async def drained(self) -> None:
        """Wait until the host has read enough for more to be written; a host that is gone is no error."""
        try:
            await self._writer.drain()
        except ConnectionError:
            return


class _Stdin(asyncio.Protocol):
    """Decodes as bytes arrive, without a task in between: streamed model answers pass here."""

    def __init__(self, receive: Receiver, ended: asyncio.Event) -> None:
        self._receive = receive
        self._ended = ended
        self._decoder = Decoder()

    def data_received(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self._receive(frame)

    def eof_received(self) -> None:
        self._ended.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()


def claim_stdio() -> tuple[int, int]:
    """Private descriptors of the link; afterwards fd 0 is empty and fd 1 is stderr.

    A library's print, or a child that inherits stdout, can then not corrupt the link.
    """
    sys.stdout.flush()
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


async def open_link(outgoing: int) -> Link:
    """The writing half over a pipe or socket descriptor."""
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(outgoing, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(lambda: asyncio.streams.FlowControlMixin(loop), pipe)
    return Link(asyncio.StreamWriter(transport, protocol, None, loop))


async def listen(incoming: int, receive: Receiver, ended: asyncio.Event) -> None:
    """Give each arriving frame to `receive`, which must not block; set `ended` when the host hangs up."""
    pipe = os.fdopen(incoming, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: _Stdin(receive, ended), pipe)
