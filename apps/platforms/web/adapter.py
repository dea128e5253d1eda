"""The chat page: it stores what people write itself, and shows every row through the hooks."""

import asyncio
from collections.abc import AsyncGenerator
from typing import ClassVar

from django.conf import settings

from apps.chats.models import Channel
from apps.platforms.base import Adapter, Alive, Event, OutboundPart


class WebAdapter(Adapter):
    """Nothing to connect to: a stored message is a delivered one."""

    dialect: ClassVar[str] = "web"
    idempotent: ClassVar[bool] = True

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    async def listen(self) -> AsyncGenerator[Event, None]:
        while True:
            yield Alive.TICK
            await asyncio.sleep(settings.CHANNEL_STALL_TIMEOUT / 3)

    async def send(self, part: OutboundPart) -> str:
        """The page draws the row; its own id is the platform's."""
        return part.idempotency_key
