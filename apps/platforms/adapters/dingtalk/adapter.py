"""Connects a DingTalk robot by Stream mode: no public address is needed."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, ClassVar

from django.conf import settings

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel
from apps.platforms.adapter_kit import downloads
from apps.platforms.adapter_kit.chat_context import context_of
from apps.platforms.adapters.dingtalk import payloads, sending
from apps.platforms.adapters.dingtalk.api import OpenApi
from apps.platforms.adapters.dingtalk.connection import Stream
from apps.platforms.base import (
    Adapter,
    Alive,
    Batch,
    Event,
    Identity,
    OutboundFile,
    OutboundPart,
    PayloadError,
    Rate,
)

logger = logging.getLogger(__name__)

CHAT_RATE = Rate(20, 60)  # "custom robots": 20 a minute, else ten minutes of silence; we keep to it everywhere


class DingTalkAdapter(Adapter):
    dialect: ClassVar[str] = "dingtalk"
    files: ClassVar[bool] = True
    rate: ClassVar[Rate | None] = Rate(20, 1)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._api = OpenApi(channel)
        self._stream = Stream(self._api, str(channel.option("ws_base") or ""))
        own = str(channel.option("api_base") or "")
        self._trusted = [downloads.host_of(own)] if own else []

    async def listen(self) -> AsyncGenerator[Event, None]:
        await self._stream.open()
        yield Identity({"id": self._api.robot_code})
        while True:
            arrivals = await self._stream.take(settings.CHANNEL_HEARTBEAT)
            if not arrivals:
                await self._stream.ping()
            found = [message for arrival in arrivals if (message := _readable(arrival.payload))]
            yield Batch(found) if found else Alive.TICK
            for arrival in arrivals:
                if not arrival.stored.done():
                    arrival.stored.set_result(None)

    async def send(self, part: OutboundPart) -> str:
        return await sending.send_text(self._api, part, await self._context(part.chat_id))

    async def send_file(self, part: OutboundFile) -> str:
        return await sending.send_file(self._api, part, await self._context(part.chat_id))

    async def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        wanted = {"robotCode": self._api.robot_code, "downloadCode": source["code"]}
        answer = await self._api.call("/v1.0/robot/messageFiles/download", wanted)
        async with aclosing(downloads.download(str(answer.get("downloadUrl")), trusted=self._trusted)) as chunks:
            async for chunk in chunks:
                yield chunk

    def chat_rate(self, chat_id: str) -> Rate | None:
        return CHAT_RATE

    async def close(self) -> None:
        await self._stream.close()
        await self._api.close()

    async def _context(self, chat_id: str) -> Mapping[str, str]:
        return (await context_of(self._channel, chat_id)).values


def _readable(payload: Any) -> InboundMessage | None:
    try:
        return payloads.inbound(payload)
    except PayloadError:
        # Unacknowledged it would come again for ever.
        logger.exception("a message of DingTalk could not be read and is passed over")
        return None
