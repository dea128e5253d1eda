"""One connection of a sealed agent to the outside: bytes between a socket here and frames of the link, both bounded."""

import logging
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from apps.agents.link.link import Link

logger = logging.getLogger(__name__)

WINDOW = 262_144  # bytes of one direction that may be on their way unread; the runner counts with the same number
PIECE = 65_536  # bytes in one frame, so that model calls on the same link find their turn
IDLE_TIMEOUT = 300.0  # seconds without a byte in either direction

Count = Callable[[int, int], None]  # bytes sent, bytes received


class TunnelError(Exception):
    """The connection ends; the sentence says why."""


class Tunnel:
    """Carried by one thread; the link's reader hands in what the agent says, and never waits for it."""

    def __init__(self, tunnel_id: str, link: Link, count: Count) -> None:
        self.id = tunnel_id
        self._link = link
        self._count = count
        self._lock = threading.Lock()
        self._pending = bytearray()  # said by the agent, not yet sent on
        self._credit = WINDOW  # bytes that the runner will take now
        self._finishing = False  # the agent has said everything
        self._stopped = False
        self._deaf = False  # the outside takes no more, but may still have something to say
        self._wake, self._bell = socket.socketpair()
        self._wake.setblocking(False)
        self._bell.setblocking(False)

    def take(self, data: bytes) -> None:
        with self._lock:
            if len(self._pending) + len(data) > WINDOW:
                self._stopped = True  # a runner that does not keep to the window is none of ours
            elif not self._deaf:
                self._pending += data
        self._ring()

    def grant(self, size: int) -> None:
        with self._lock:
            self._credit = min(WINDOW, self._credit + max(0, size))
        self._ring()

    def finish(self) -> None:
        """The agent has closed its side; what it said before still goes out."""
        self._finishing = True
        self._ring()

    def stop(self) -> None:
        self._stopped = True
        self._ring()

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits at the other end."""
        return not (self._finishing or self._stopped)

    def close(self) -> None:
        self._wake.close()
        self._bell.close()

    def carry(self, outside: socket.socket) -> None:
        """Until either side ends; raises TunnelError, LinkClosedError."""
        outside.setblocking(False)
        while not self._stopped:
            with self._lock:
                pending, credit = bool(self._pending), self._credit
            if self._finishing and not pending:
                return
            ready = self._wait(outside, (select.POLLIN if credit else 0) | (select.POLLOUT if pending else 0))
            try:
                if credit and ready & ~select.POLLOUT and not self._receive(outside, credit):
                    return
                if pending and ready & ~select.POLLIN:
                    self._send(outside)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as error:
                raise TunnelError(f"The connection broke ({error.strerror}).") from error

    def _wait(self, outside: socket.socket, events: int) -> int:
        """What is ready there; 0 when only the bell rang."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if events:  # without interest in anything, a closed socket would be told again and again
            poll.register(outside, events)
        found = dict(poll.poll(IDLE_TIMEOUT * 1000))
        if not found:
            raise TunnelError(f"Nothing was said for {IDLE_TIMEOUT:g} seconds.")
        if found.pop(self._wake.fileno(), 0):
            with suppress(BlockingIOError):
                self._wake.recv(4096)
        return found.get(outside.fileno(), 0)

    def _receive(self, outside: socket.socket, credit: int) -> bool:
        """False at the end."""
        data = outside.recv(min(PIECE, credit))
        if not data:
            return False
        self._count(0, len(data))
        with self._lock:
            self._credit -= len(data)
        self._link.send_data("tunnel_data", data, id=self.id)
        return True

    def _send(self, outside: socket.socket) -> None:
        with self._lock:
            piece = bytes(self._pending[:PIECE])
        try:
            sent = outside.send(piece)
        except BrokenPipeError:
            with self._lock:
                self._deaf = True
                self._pending.clear()
            return
        self._count(sent, 0)
        with self._lock:
            del self._pending[:sent]
        self._link.send("tunnel_credit", id=self.id, bytes=sent)

    def _ring(self) -> None:
        with suppress(OSError):  # full: it rings already; closed: nobody listens any more
            self._bell.send(b"!")
