"""Serves the chat page, which stores what people write itself and is shown every row through the hooks."""

from collections.abc import AsyncGenerator
from typing import ClassVar

from apps.chats.models import Channel
from apps.platforms.base import Adapter, Event, OutboundFile, OutboundPart, ticks


class WebAdapter(Adapter):
    """Nothing to connect to: a stored message is a delivered one."""

    dialect: ClassVar[str] = "web"
    idempotent: ClassVar[bool] = True
    files: ClassVar[bool] = True
    caption_limit: ClassVar[int] = 1_000_000  # the row holds both

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def listen(self) -> AsyncGenerator[Event, None]:
        return ticks()

    async def send(self, part: OutboundPart) -> str:
        """The page draws the row; its own id is the platform's."""
        return part.idempotency_key

    async def send_file(self, part: OutboundFile) -> str:
        return part.idempotency_key
