"""Keeps DingTalk's stream: frames and routing are the SDK's, connecting and ending are our own.

The SDK's `start` waits for hung servers without a time-out inside the event loop, swallows a cancellation, and
asks for ever with a wrong secret.
"""

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from dingtalk_stream import AckMessage, CallbackHandler, ChatbotMessage, Credential, DingTalkStreamClient
from dingtalk_stream.frames import CallbackMessage, Headers
from django.conf import settings
from django.utils.translation import gettext as _
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import CloseCode

from apps.platforms import error_messages
from apps.platforms.adapter_kit.json_frames import frame_of
from apps.platforms.adapters.dingtalk.api import Json, OpenApi
from apps.platforms.aio.task_set import Errands
from apps.platforms.base import PlatformError

logger = logging.getLogger(__name__)
# The libraries' own lines hold payloads, and at DEBUG tickets.
wire = logging.getLogger(f"{__name__}.wire")
wire.setLevel(logging.CRITICAL)

MOST_WAITING = 1000  # frames that are not stored yet; then nothing more is read
AT_ONCE = 100  # messages that are stored together
MOST_BYTES = 4 * 1024 * 1024
CLOSE_TIMEOUT = 1.0


class Arrival(NamedTuple):
    """A message; `stored` is set once it may be acknowledged."""

    payload: Any
    stored: asyncio.Future[None]


class _Messages(CallbackHandler):  # type: ignore[misc]  # the SDK has no types
    """Its answer is the acknowledgement, so it comes after the commit."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: asyncio.Queue[Arrival | None] = asyncio.Queue()  # None: no more will come

    async def process(self, message: CallbackMessage) -> tuple[int, str]:
        arrival = Arrival(message.data, asyncio.get_running_loop().create_future())
        self.arrived.put_nowait(arrival)
        await arrival.stored
        return AckMessage.STATUS_OK, "OK"


class Stream(DingTalkStreamClient):  # type: ignore[misc]  # the SDK has no types
    """`open`, then `take` until it raises; `close` always."""

    websocket: ClientConnection | None

    def __init__(self, api: OpenApi, ws_base: str) -> None:
        super().__init__(Credential(api.client_id, ""), logger=wire)
        self._api = api
        self._ws_base = ws_base
        self._messages = _Messages()
        self.register_callback_handler(ChatbotMessage.TOPIC, self._messages)
        self._slots = asyncio.Semaphore(MOST_WAITING)
        self._errands = Errands()
        self._over: PlatformError | None = None

    async def open(self) -> None:
        subscriptions = [{"type": "CALLBACK", "topic": topic} for topic in self.callback_handler_map]
        about = {"subscriptions": subscriptions, "ua": "nanogridbot", "localIp": self.get_host_ip()}
        answer = await self._api.open_connection(about)
        ticket, endpoint = answer.get("ticket"), self._ws_base or answer.get("endpoint")
        if not isinstance(ticket, str) or not isinstance(endpoint, str):
            raise PlatformError(_("DingTalk opened no stream."))
        try:
            self.websocket = await connect(
                f"{endpoint}?ticket={quote_plus(ticket)}",
                proxy=None,
                open_timeout=min(10, settings.CHANNEL_STALL_TIMEOUT / 2),
                close_timeout=CLOSE_TIMEOUT,
                ping_interval=None,  # `ping` does
                max_size=MOST_BYTES,
                logger=wire,
            )
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError, EOFError) as error:
            raise PlatformError(error_messages.unreachable("DingTalk", _what(error))) from None
        self._errands.begin(self.start(), name="DingTalk's stream")

    async def start(self) -> None:
        """Reads until the connection ends, and says why."""
        try:
            self._over = await self._read()
        except Exception:
            # Nobody awaits this with the rest: what it does not say here would be a stream that stays silent.
            logger.exception("a stream of DingTalk broke by a mistake of ours")
            self._over = PlatformError(_("An unexpected error; see the log."))
        self._messages.arrived.put_nowait(None)

    async def take(self, seconds: float) -> list[Arrival]:
        """What came together; nothing after so many seconds. Raises PlatformError when all is read and over."""
        arrived = self._messages.arrived
        if self._over and arrived.empty():
            raise self._over
        try:
            async with asyncio.timeout(seconds):
                taken = [await arrived.get()]
        except TimeoutError:
            return []
        while not arrived.empty() and len(taken) < AT_ONCE:
            taken.append(arrived.get_nowait())
        found = [arrival for arrival in taken if arrival]
        if not found and self._over:
            raise self._over
        return found

    async def ping(self) -> None:
        """Returns once it was answered; a connection that is half dead answers nothing."""
        if self.websocket is None:
            raise PlatformError(_("DingTalk opened no stream."))
        try:
            async with asyncio.timeout(min(settings.CHANNEL_HEARTBEAT, settings.CHANNEL_STALL_TIMEOUT / 2)):
                await (await self.websocket.ping())
        except TimeoutError:
            raise PlatformError(error_messages.silent("DingTalk")) from None
        except ConnectionClosed as closed:
            raise _ended(closed) from None

    async def close(self) -> None:
        """What was not stored is not acknowledged, and so delivered again."""
        await self._errands.cancel()
        if self.websocket:
            await self.websocket.close()

    async def _read(self) -> PlatformError:
        assert self.websocket is not None
        try:
            async for raw in self.websocket:
                if frame := frame_of(raw, "DingTalk"):
                    await self._slots.acquire()
                    self._errands.begin(self._answer(frame), name="DingTalk's frame")
        except ConnectionClosed as closed:
            return _ended(closed)
        return PlatformError(error_messages.closed("DingTalk", CloseCode.NORMAL_CLOSURE))

    async def _answer(self, frame: Json) -> None:
        try:
            if await self.route_message(frame) == self.TAG_DISCONNECT and self.websocket:
                await self.websocket.close()  # what else is under way is delivered again
        except ConnectionClosed:
            logger.info("a message could not be acknowledged, and will come again")
        except Exception:
            logger.exception("a frame of DingTalk could not be read and is passed over")
            await self._acknowledge(frame)
        finally:
            self._slots.release()

    async def _acknowledge(self, frame: Json) -> None:
        """Unread: it would come again for ever."""
        headers = frame.get("headers")
        answer = AckMessage()
        answer.headers.message_id = headers.get("messageId") if isinstance(headers, dict) else None
        answer.headers.content_type = Headers.CONTENT_TYPE_APPLICATION_JSON
        with suppress(ConnectionClosed):
            if self.websocket:
                await self.websocket.send(json.dumps(answer.to_dict()))


def _ended(closed: ConnectionClosed) -> PlatformError:
    """Without a word where the other side said none."""
    return PlatformError(
        error_messages.closed("DingTalk", closed.rcvd.code if closed.rcvd else CloseCode.ABNORMAL_CLOSURE)
    )


def _what(error: Exception) -> str:
    if isinstance(error, InvalidStatus):
        return _("it answered %s") % error.response.status_code
    return type(error).__name__
