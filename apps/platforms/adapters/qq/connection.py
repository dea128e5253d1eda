"""Keeps one of the two ways to a OneBot implementation: we connect to it, or it connects to us."""

import asyncio
import hmac
import logging
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import InvalidHandshake, InvalidURI
from websockets.http11 import Request, Response

from apps.platforms.adapters.qq.api import MOST_BYTES, Inbox, Link, wire
from apps.platforms.adapters.qq.errors import unreachable
from apps.platforms.base import PlatformError

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT = 1.0
OPEN_TIMEOUT = 10.0


class Wire(Protocol):
    inbox: Inbox
    retry_after: float | None  # when to try again, where the usual back-off would not do

    @property
    def link(self) -> Link | None: ...

    async def open(self) -> None:
        """Returns once the implementation is there; raises PlatformError."""

    async def close(self) -> None: ...


class Forward:
    """We connect."""

    def __init__(self, url: str, token: str) -> None:
        self.inbox = Inbox()
        self.retry_after: float | None = None
        self.link: Link | None = None
        self._url = url
        self._token = token
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        try:
            socket = await connect(
                self._url,
                additional_headers={"Authorization": f"Bearer {self._token}"},
                proxy=None,
                open_timeout=min(OPEN_TIMEOUT, settings.CHANNEL_STALL_TIMEOUT / 2),
                close_timeout=CLOSE_TIMEOUT,
                ping_interval=settings.CHANNEL_HEARTBEAT,
                ping_timeout=settings.CHANNEL_HEARTBEAT,
                max_size=MOST_BYTES,
                logger=wire,
            )
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError, EOFError) as error:
            raise unreachable(error) from None
        self.link = Link(socket, self.inbox)
        self._reading = asyncio.create_task(self._read(self.link), name="QQ, forward")

    async def _read(self, link: Link) -> None:
        self.inbox.end(await link.read())

    async def close(self) -> None:
        if self.link:
            await self.link.close()
        if self._reading:
            await self._reading


class Reverse:
    """They connect: one account at a time. Of two connections of the same account the newer one wins."""

    def __init__(self, url: str, token: str) -> None:
        self.inbox = Inbox()
        # The port must be open again before they try again (every 3 s), however often they come and go.
        self.retry_after: float | None = settings.CHANNEL_BACKOFF[0]
        self.link: Link | None = None
        self._self_id = ""
        self._token = token
        self._host, self._port, self._path = _place(url)
        self._server: Server | None = None
        self._connected = asyncio.Event()

    async def open(self) -> None:
        try:
            self._server = await serve(
                self._connection,
                self._host,
                self._port,
                process_request=self._refusal,
                open_timeout=OPEN_TIMEOUT,
                close_timeout=CLOSE_TIMEOUT,
                ping_interval=settings.CHANNEL_HEARTBEAT,
                ping_timeout=settings.CHANNEL_HEARTBEAT,
                max_size=MOST_BYTES,
                logger=wire,
            )
        except OSError as error:
            raise PlatformError(
                _("Port %(port)s cannot be opened: %(why)s.")
                % {"port": self._port, "why": error.strerror or type(error).__name__}
            ) from None
        try:
            async with asyncio.timeout(settings.CHANNEL_STALL_TIMEOUT / 2):
                await self._connected.wait()
        except TimeoutError:
            raise PlatformError(_("No OneBot implementation has connected to port %s yet.") % self._port) from None

    def _refusal(self, connection: ServerConnection, request: Request) -> Response | None:
        """None: welcome. Fails closed: without the right token nothing else is even looked at."""
        given = _token_of(request.headers, request.path)
        if not given:
            return connection.respond(401, "An access token is required.\n")
        if not hmac.compare_digest(given.encode(errors="replace"), self._token.encode()):
            logger.warning("a reverse connection to port %d came with a wrong access token", self._port)
            return connection.respond(403, "The access token is wrong.\n")
        if urlsplit(request.path).path.rstrip("/") != self._path:
            return connection.respond(404, "There is nothing here.\n")
        if request.headers.get("X-Client-Role", "Universal").lower() != "universal":
            return connection.respond(400, "One connection for both, please: X-Client-Role: Universal.\n")
        if not request.headers.get("X-Self-ID", "").isdecimal():
            return connection.respond(400, "The header X-Self-ID is missing.\n")
        if self.link and request.headers["X-Self-ID"] != self._self_id:
            logger.warning("another account wants in at port %d and is refused", self._port)
            return connection.respond(409, "Another account is connected here.\n")
        return None

    async def _connection(self, socket: ServerConnection) -> None:
        link = Link(socket, self.inbox)
        older, self.link = self.link, link
        if socket.request:
            self._self_id = socket.request.headers["X-Self-ID"]
        if older:
            logger.info("account %s connected again; its older connection is dropped", self._self_id)
            older.abort()
        self._connected.set()
        error = await link.read()
        if self.link is link:  # else a newer one took over, and this one's end is no news
            self.link = None
            self.inbox.end(error)

    async def close(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()


def wire_of(mode: str, url: str, token: str) -> Wire:
    """Raises PlatformError."""
    return Reverse(url, token) if mode == "reverse" else Forward(url, token)


def _place(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port = None
    if port is None or parts.scheme != "ws" or not parts.hostname:
        said = _("In reverse mode the address says where we listen: ws://0.0.0.0:8095/.")
        raise PlatformError(said, permanent=True)
    return parts.hostname, port, parts.path.rstrip("/")


def _token_of(headers: Mapping[str, str], path: str) -> str:
    """`Bearer …` by the standard; some say `Token …`, some put it into the address."""
    kind, _space, value = headers.get("Authorization", "").partition(" ")
    if value and kind.lower() in ("bearer", "token"):
        return value.strip()
    return parse_qs(urlsplit(path).query).get("access_token", [""])[0]
