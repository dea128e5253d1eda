"""Keeps Slack's websocket: the client is the SDK's, but what is acknowledged and when it is over is decided here."""

import asyncio
import logging
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.utils.translation import gettext as _
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from apps.platforms.adapter_kit.json_frames import frame_of
from apps.platforms.adapters.slack.sdk_errors import translated_errors
from apps.platforms.base import PlatformError

logger = logging.getLogger(__name__)
# What the SDK says holds addresses with tickets; what matters of it is said here.
QUIET = logging.getLogger("apps.platforms.adapters.slack.sdk")
QUIET.setLevel(logging.CRITICAL)

OPENING = 10.0  # seconds for the websocket, and for Slack's hello
CLOSING = 2.0  # seconds for Slack to say goodbye
MOST_WAITING = 500  # envelopes; when there are more, no more are read
MOST_AT_ONCE = 50  # envelopes stored together
LOOK = 0.5  # seconds between looks at the connection while nothing comes

Envelope = dict[str, Any]


class Socket(SocketModeClient):
    """One connection, for one life: it neither reconnects nor drops anything by itself.

    goodbye: why Slack wants us to connect anew; empty: it does not.
    """

    def __init__(self, app_token: str, web: AsyncWebClient) -> None:
        super().__init__(
            app_token,
            logger=QUIET,
            web_client=web,
            auto_reconnect_enabled=False,
            ping_interval=settings.CHANNEL_HEARTBEAT,
        )
        self.proxy = web.proxy
        self.last_ping_pong_time = 0.0  # when the ping was sent whose answer came last
        self.goodbye = ""
        self.life = 0.0  # seconds from its opening to the goodbye
        self._opened_at = time.monotonic()
        self._welcomed = asyncio.Event()
        self._waiting: asyncio.Queue[Envelope] = asyncio.Queue(MOST_WAITING)
        self._answered: float | None = 0.0

    async def open(self, url: str) -> None:
        """Raises PlatformError. The SDK would try a refused ticket for ever."""
        self.wss_uri = url
        try:
            async with asyncio.timeout(OPENING):
                await self.connect()  # type: ignore[no-untyped-call]
                await self._welcomed.wait()
        except TimeoutError:
            raise PlatformError(_("Slack's websocket did not open within %.0f s.") % OPENING) from None

    async def enqueue_message(self, message: str) -> None:
        """Instead of the SDK's queue, which knows no bound and acknowledges nothing in order."""
        frame = frame_of(message, "Slack")
        if frame.get("type") == "hello":
            self._welcomed.set()
        elif frame.get("type") == "disconnect":
            self.goodbye = str(frame.get("reason") or "unknown")
            self.life = time.monotonic() - self._opened_at
        elif isinstance(frame.get("envelope_id"), str):
            await self._waiting.put(frame)
        elif frame:
            logger.warning("a frame of Slack is nothing that must be acknowledged, and is passed over")

    async def envelopes(self) -> list[Envelope]:
        """What came, or nothing after a moment; raises PlatformError once the connection is dead."""
        try:
            async with asyncio.timeout(LOOK):
                found = [await self._waiting.get()]
        except TimeoutError:
            found = []
        while len(found) < MOST_AT_ONCE and not self._waiting.empty():
            found.append(self._waiting.get_nowait())
        if not found and (self.current_session is None or self.current_session.closed) and not self.goodbye:
            raise PlatformError(_("Slack closed the websocket."))
        return found

    def has_answered(self) -> bool:
        """Whether a ping was answered since the last look; where none is any more, the websocket closes."""
        last, self._answered = self._answered, self.last_ping_pong_time
        return last != self._answered

    def take_over(self, former: "Socket") -> None:
        """What came on the former one and was not looked at; what finds no room comes again."""
        while not former._waiting.empty() and not self._waiting.full():
            self._waiting.put_nowait(former._waiting.get_nowait())

    async def close(self) -> None:
        """Also when Slack does not answer; nothing is left."""
        try:
            async with asyncio.timeout(CLOSING):
                await super().close()  # type: ignore[no-untyped-call]
        except TimeoutError:
            logger.info("Slack's websocket did not close in time")
        finally:
            tasks = [self.message_processor, self.current_session_monitor, self.message_receiver]
            left = [task for task in tasks if task is not None]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await self.aiohttp_client_session.close()


async def opened(web: AsyncWebClient, app_token: str, ws_base: str) -> Socket:
    """Raises PlatformError: permanent where Slack does not take the app's token."""
    with translated_errors():
        url = str((await web.apps_connections_open(app_token=app_token))["url"])
    socket = Socket(app_token, web)
    try:
        await socket.open(_at(ws_base, url) if ws_base else url)
    except BaseException:
        await socket.close()
        raise
    return socket


def _at(ws_base: str, url: str) -> str:
    """The operator's server, with Slack's ticket."""
    base, given = urlsplit(ws_base), urlsplit(url)
    return urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + given.path, given.query, ""))
