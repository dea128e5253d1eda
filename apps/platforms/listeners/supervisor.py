"""Follows the table of channels: one connection for each enabled channel, none for the others."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError

from apps.chats.models import Channel
from apps.platforms.aio.database import in_database
from apps.platforms.aio.wake import told
from apps.platforms.base import Adapter
from apps.platforms.listeners.connection import Connection

logger = logging.getLogger(__name__)

POLL = 2.0  # seconds; an edit takes effect after this even when nobody tells


class Supervisor:
    """Keeps the connections; whoever wants to send asks it for the adapters."""

    on_online: Callable[[], None] = staticmethod(lambda: None)  # called when a connection stands again

    def __init__(self) -> None:
        self._connections: dict[int, Connection] = {}
        self._configurations: dict[int, Any] = {}
        self._changed = asyncio.Event()

    def look(self) -> None:
        """Somebody says that a channel was edited."""
        self._changed.set()

    def adapters(self) -> dict[int, Adapter]:
        """By channel; only those whose connection stands."""
        return {pk: connection.adapter for pk, connection in self._connections.items() if connection.adapter}

    async def run(self) -> None:
        try:
            while True:
                await self._follow()
                await told(self._changed, POLL)
        finally:
            await self._stop(list(self._connections))

    async def _follow(self) -> None:
        try:
            channels = await in_database(_channels)
        except DatabaseError:
            logger.exception("the channels could not be read; the connections stay as they are")
            return
        wanted = {channel.pk: channel for channel in channels if channel.enabled}
        await self._stop([pk for pk in self._connections if not self._is_current(wanted.get(pk))])
        for channel in channels:
            if not channel.enabled and channel.status != Channel.Status.OFF:
                await _mark_off(channel)
        for pk in wanted.keys() - self._connections.keys():
            self._configurations[pk] = _configuration(wanted[pk])
            self._connections[pk] = Connection(wanted[pk], on_online=self.on_online)

    def _is_current(self, channel: Channel | None) -> bool:
        return channel is not None and self._configurations[channel.pk] == _configuration(channel)

    async def _stop(self, channel_ids: list[int]) -> None:
        """All at once: a connection that does not let go delays nobody else."""
        stopped = [self._connections.pop(pk) for pk in channel_ids]
        if stopped:
            await asyncio.gather(*(connection.stop() for connection in stopped))
        for connection in stopped:
            await _mark_off(connection.channel)


async def _mark_off(channel: Channel) -> None:
    """Every connection would go with the supervisor; a disabled channel is marked at the next look."""
    try:
        await in_database(channel.mark_status, Channel.Status.OFF)
    except DatabaseError:
        logger.exception("that %s is off could not be written", channel)


def _channels() -> list[Channel]:
    return list(Channel.objects.all())


def _configuration(channel: Channel) -> Any:
    """What makes a new connection necessary when it changes."""
    return channel.platform, channel.name, dict(channel.credentials), channel.options, channel.edited_at
