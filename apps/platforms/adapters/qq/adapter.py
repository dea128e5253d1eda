"""Connects a QQ account by OneBot v11, over a websocket that we open or that is opened to us."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel
from apps.platforms.adapter_kit import downloads
from apps.platforms.adapters.qq import payloads, sending
from apps.platforms.adapters.qq.api import CALL_TIMEOUT, Json
from apps.platforms.adapters.qq.connection import wire_of
from apps.platforms.adapters.qq.errors import ActionRefusedError
from apps.platforms.adapters.qq.names import Titles
from apps.platforms.adapters.qq.payloads import Me, Quoted
from apps.platforms.base import (
    Adapter,
    Alive,
    Batch,
    Event,
    Identity,
    OutboundFile,
    OutboundPart,
    PayloadError,
    PlatformError,
    Rate,
)

logger = logging.getLogger(__name__)

OFFLINE = gettext_noop("The QQ account is logged out, although its OneBot implementation runs: log it in there.")
LOOK_UP_TIMEOUT = 3.0  # seconds


class QQAdapter(Adapter):
    dialect: ClassVar[str] = "qq"
    files: ClassVar[bool] = True
    rate: ClassVar[Rate | None] = Rate(4, 2)  # QQ publishes none, and locks accounts that hurry

    def __init__(self, channel: Channel) -> None:
        token = channel.credential("access_token")
        mode = str(channel.credentials.get("mode") or "forward")
        self._wire = wire_of(mode, channel.credential("ws_url"), token)
        self._trusted = [downloads.host_of(str(channel.option("api_base", "")))]
        self._me = Me("", "")
        self._titles = Titles(self._look_up)

    async def listen(self) -> AsyncGenerator[Event, None]:
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    yield event
        except PlatformError as error:
            raise PlatformError(str(error), permanent=error.permanent, retry_after=self._wire.retry_after) from error

    async def _events(self) -> AsyncGenerator[Event, None]:
        await self._wire.open()
        self._me = await self._introduction()
        await self._require_online()
        yield Identity({"id": self._me.id, "name": self._me.name})
        while True:
            events = await self._wire.inbox.take(settings.CHANNEL_HEARTBEAT)
            if not events:  # an implementation need not send heartbeats
                await self._require_online()
            # Side by side: what an answered message said is asked for each, and may be long in coming.
            read = await asyncio.gather(*(self._readable(event) for event in events))
            found = [message for message in read if message]
            yield Batch(found) if found else Alive.TICK
            if any(payloads.is_offline(event.get("status")) for event in events):
                raise PlatformError(_(OFFLINE))

    async def _introduction(self) -> Me:
        try:
            known = await self._call("get_login_info")
        except ActionRefusedError as error:  # of a message it would be final, of this it may pass
            raise PlatformError(str(error)) from None
        if not known.get("user_id"):
            raise PlatformError(_("The OneBot implementation does not tell whose account it is."))
        return Me(str(known.get("user_id", "")), str(known.get("nickname", "")))

    async def _require_online(self) -> None:
        try:
            status = await self._call("get_status")
        except ActionRefusedError:
            return  # it does not know; but it answered
        if payloads.is_offline(status):
            raise PlatformError(_(OFFLINE))

    async def _readable(self, event: Json) -> InboundMessage | None:
        if not payloads.is_message(event):
            return None
        try:
            return payloads.inbound(event, self._me, await self._quoted(event), await self._titles.of(event))
        except PayloadError:
            logger.exception("an event of QQ could not be read and is passed over")
            return None

    async def _quoted(self, event: Json) -> Quoted | None:
        message_id = payloads.answered(event)
        if not message_id:
            return None
        try:
            data = await self._look_up("get_msg", message_id=int(message_id))
        except PlatformError as error:
            logger.info("the message that is answered is not to be had: %s", error)
            return Quoted(message_id)
        return payloads.quoted(message_id, data, self._me)

    async def send(self, part: OutboundPart) -> str:
        return await sending.send_text(self._call, part)

    async def send_file(self, part: OutboundFile) -> str:
        return await sending.send_file(self._call, part)

    async def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        url = source.get("url")
        if not url:
            data = await self._call("get_group_file_url", **source)
            url = data.get("url", "")
        async with aclosing(downloads.download(str(url), trusted=self._trusted)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _look_up(self, action: str, **params: Any) -> Json:
        """What a message can do without; the others do not wait long for it."""
        return await self._call(action, LOOK_UP_TIMEOUT, **params)

    async def _call(self, action: str, seconds: float = CALL_TIMEOUT, /, **params: Any) -> Json:
        link = self._wire.link
        if link is None:
            raise PlatformError(_("No OneBot implementation is connected."))
        return await link.call(action, seconds, **params)

    async def close(self) -> None:
        await self._wire.close()
