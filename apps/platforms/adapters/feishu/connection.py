"""Keeps Feishu's long connection. To import it loads the SDK: seconds, and some 130 MB. Only the listeners do so.

The SDK's client keeps the event loop of its import, asks for its address with a blocking request without a time-out,
acknowledges before anything could be stored, and stops in silence when it is refused while it reconnects. Its frames,
their parts, its pings and its settings are used as they are; the loop around them is ours, and it never reconnects:
the listeners make a new one.
"""

import asyncio
import gc
import json
import logging
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import lark_oapi.ws.client as sdk
from django.conf import settings
from lark_oapi.core.enum import LogLevel
from lark_oapi.ws.const import FORBIDDEN
from lark_oapi.ws.enum import FrameType, MessageType
from lark_oapi.ws.exception import ClientException, ConnectionClosedException, ServerException
from lark_oapi.ws.model import ClientConfig
from lark_oapi.ws.pb.pbbp2_pb2 import Frame
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from apps.platforms import error_messages
from apps.platforms.adapters.feishu.api import OpenApi
from apps.platforms.base import PlatformError

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 15.0  # seconds
CLOSE_TIMEOUT = 1.0  # seconds the other side has to say goodbye
MOST_PARTS = 64  # of one event
AT_ONCE = 100  # events that are stored together
TOGETHER = 0.05  # seconds in which what has arrived is read
SHORTEST_HEARTBEAT = 0.05  # seconds

logging.getLogger("Lark").handlers.clear()  # the SDK's own, to stdout, beside the service's log
if threading.current_thread() is not threading.main_thread() and not sdk.loop.is_running():
    # The import made it for this thread, and nobody uses it; the main thread's may be somebody's.
    sdk.loop.close()
    asyncio.set_event_loop(None)
# Its ten thousand modules stay for good: to walk them at each full collection would hold every channel up for 0.2 s.
gc.collect()
gc.freeze()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event, to be acknowledged."""

    frame: Any
    payload: bytes


class LongConnection(sdk.Client):  # type: ignore[misc]  # the SDK is not typed
    """Made, opened and closed in one event loop; for one connection only."""

    def __init__(self, api: OpenApi) -> None:
        # At any lower level the SDK logs the connection's ticket, and what people write.
        super().__init__(api.app_id, "", log_level=LogLevel.CRITICAL, auto_reconnect=False)
        self._api = api
        self._address = ""
        self._ping_at = 0.0
        self._is_answered = True

    async def open(self) -> None:
        """Raises PlatformError: permanent when the app may not have one."""
        sdk.loop = asyncio.get_running_loop()
        endpoint = await self._api.endpoint()
        self._address = str(endpoint["URL"])
        if isinstance(endpoint.get("ClientConfig"), dict):
            self._configure(ClientConfig(endpoint["ClientConfig"]))
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._connect()
        except ClientException as error:
            raise PlatformError(
                error_messages.refused("Feishu", str(error)), permanent=error.code == FORBIDDEN
            ) from None
        except ServerException as error:
            raise PlatformError(error_messages.trouble("Feishu", str(error))) from None
        except (OSError, InvalidHandshake, InvalidURI, LookupError, ValueError) as error:
            # Their own words may hold the address, and with it the ticket.
            raise PlatformError(error_messages.unreachable("Feishu", type(error).__name__)) from None
        self._conn.close_timeout = CLOSE_TIMEOUT
        self._ping_at = sdk.loop.time()  # the first one at once: it says that somebody listens there

    async def next(self) -> Delivery | None:
        """An event; None: Feishu answered our ping. Raises PlatformError when the connection is over."""
        while True:
            try:
                async with asyncio.timeout_at(self._ping_at):
                    raw = await self._conn.recv()
            except TimeoutError:
                await self._ping()
                continue
            except ConnectionClosed as error:
                raise PlatformError(error_messages.closed("Feishu", type(error).__name__)) from None
            self._is_answered = True
            try:
                frame = Frame()
                frame.ParseFromString(raw)
                delivery = await self._read(frame)
            except Exception as error:
                # Whatever it is, the next frame begins anew.
                logger.warning("a frame of Feishu's could not be read (%s) and is passed over", type(error).__name__)
                continue
            if delivery or frame.method == FrameType.CONTROL.value:
                return delivery

    async def take(self) -> list[Delivery]:
        """The next event, and what arrived behind it; nothing: Feishu answered our ping. Raises as `next` does.

        What is not acknowledged comes again, so nothing is lost when the connection ends in between.
        """
        first = await self.next()
        taken = [first] if first else []
        with suppress(TimeoutError):
            async with asyncio.timeout(TOGETHER):  # an event whose parts are still on their way is not waited for
                # The websocket has no public way to ask whether something is there.
                while taken and len(taken) < AT_ONCE and self._conn.recv_messages.frames:
                    if delivery := await self.next():
                        taken.append(delivery)
        return taken

    async def acknowledge(self, delivery: Delivery) -> None:
        """Otherwise Feishu delivers it again."""
        delivery.frame.payload = json.dumps({"code": 200}).encode()
        await self._write(delivery.frame)

    async def close(self) -> None:
        self._cache._cron.cancel()  # the SDK forgets it
        await asyncio.gather(self._cache._cron, return_exceptions=True)
        await self._disconnect()

    async def _read(self, frame: Any) -> Delivery | None:
        if frame.method == FrameType.CONTROL.value:
            await self._handle_control_frame(frame)
            return None
        headers = {header.key: header.value for header in frame.headers}
        parts, part = int(headers.get("sum", 1)), int(headers.get("seq", 0))
        if not 0 <= part < parts <= MOST_PARTS:
            raise ValueError("The frame is no part of anything.")
        payload = self._combine(headers["message_id"], parts, part, frame.payload) if parts > 1 else frame.payload
        if payload is None:
            return None
        is_event = headers["type"] == MessageType.EVENT.value
        return Delivery(frame, payload if is_event else b'{"header": {}}')

    async def _ping(self) -> None:
        if not self._is_answered:
            raise PlatformError(error_messages.silent("Feishu"))
        self._is_answered = False
        given = self._ping_interval if isinstance(self._ping_interval, int | float) else settings.CHANNEL_HEARTBEAT
        heartbeat = max(SHORTEST_HEARTBEAT, min(settings.CHANNEL_HEARTBEAT, given))
        self._ping_at = asyncio.get_running_loop().time() + heartbeat
        await self._write(sdk._new_ping_frame(int(self._service_id)))

    async def _write(self, frame: Any) -> None:
        try:
            await self._write_message(frame.SerializeToString())
        except (ConnectionClosed, ConnectionClosedException) as error:
            raise PlatformError(error_messages.closed("Feishu", type(error).__name__)) from None

    def _get_conn_url(self) -> str:
        return self._address

    async def _receive_message_loop(self) -> None:
        """`next` receives."""
