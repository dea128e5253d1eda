"""One channel's connection, kept up: its adapter is rebuilt, with back-off, until the channel is edited or disabled."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import ParamSpec

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext as _

from apps.chats import incidents
from apps.chats.models import Channel
from apps.chats.models.channel import ChannelStatus, CredentialError
from apps.events.backoff import Backoff
from apps.platforms.aio.database import in_database
from apps.platforms.base import Adapter, Alive, Event, PlatformError
from apps.platforms.inbound import intake
from apps.platforms.registry import adapter_class

logger = logging.getLogger(__name__)
P = ParamSpec("P")

CLOSE_TIMEOUT = 5.0  # seconds an adapter may take to let go


class Connection:
    """`adapter` is set while the connection stands: then, and only then, something can be sent."""

    def __init__(self, channel: Channel, *, on_online: Callable[[], None]) -> None:
        self.channel = channel
        self.adapter: Adapter | None = None
        self._on_online = on_online
        self._backoff = Backoff(*settings.CHANNEL_BACKOFF)
        self._online_at = 0.0
        self._task = asyncio.create_task(self._keep_up(), name=f"channel {channel.pk}")

    async def stop(self) -> None:
        """Returns once the adapter is closed, or has had its time."""
        self._task.cancel()
        await asyncio.wait([self._task], timeout=CLOSE_TIMEOUT + 1)

    async def _keep_up(self) -> None:
        await self._mark(ChannelStatus.CONNECTING)
        while True:
            self._online_at = 0.0
            try:
                await self._live()
            except PlatformError as error:
                if error.permanent:
                    return await self._give_up(str(error))
                wait = self._delay(error.retry_after)
                await self._write(self.channel.mark_trouble, str(error))
                said = _("%(trouble)s. The next attempt is in %(wait).0f s.")
                await self._mark(ChannelStatus.RETRYING, said % {"trouble": str(error).rstrip(".。"), "wait": wait})
            except CredentialError as error:
                return await self._give_up(str(error))
            except Exception as error:
                logger.exception("%s failed", self.channel)
                wait = self._delay(None)
                await self._write(self.channel.mark_trouble, _("An unexpected error (%s).") % type(error).__name__)
                await self._mark(
                    ChannelStatus.RETRYING, _("An unexpected error (%s); see the log.") % type(error).__name__
                )
            await asyncio.sleep(wait)

    def _delay(self, asked: float | None) -> float:
        if self._online_at and time.monotonic() - self._online_at > self._backoff.last:
            self._backoff.reset()  # it has stood longer than we waited for it: a new trouble, not the old one
        return self._backoff.next() if asked is None else asked

    async def _live(self) -> None:
        """One adapter's life; returns never, raises when it is over."""
        adapter = await asyncio.to_thread(_build, self.channel)
        try:
            async with aclosing(adapter.listen()) as events:
                while True:
                    event = await self._next(events)
                    if self.adapter is None:
                        await self._come_online(adapter)
                    await self._take(event)
        finally:
            self.adapter = None
            await _close(adapter)

    async def _next(self, events: AsyncIterator[Event]) -> Event:
        try:
            async with asyncio.timeout(settings.CHANNEL_STALL_TIMEOUT):
                return await anext(events)
        except TimeoutError as error:
            raise PlatformError(
                _("Nothing was heard for %.0f s, not even that all is well.") % settings.CHANNEL_STALL_TIMEOUT
            ) from error
        except StopAsyncIteration as error:
            raise PlatformError(_("The connection ended.")) from error

    async def _come_online(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self._online_at = time.monotonic()
        await self._mark(ChannelStatus.ONLINE)
        self._on_online()

    async def _take(self, event: Event) -> None:
        """Returns after the commit, and so lets the adapter tell the platform."""
        if event is Alive.TICK:
            return
        await in_database(intake.take, self.channel, event)
        if self.channel.is_event_due:
            await self._write(self.channel.mark_event)

    async def _give_up(self, sentence: str) -> None:
        await self._mark(ChannelStatus.FAILED, sentence)
        await self._write(incidents.record, "channel", self.channel, sentence)

    async def _mark(self, status: ChannelStatus, detail: str = "") -> None:
        if (self.channel.status, self.channel.status_detail) == (status, detail):
            return
        logger.info("%s is %s %s", self.channel, status, detail)
        await self._write(self.channel.mark_status, status, detail)

    async def _write(self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """The connection must outlive a database that is away: its next change is written again."""
        try:
            await in_database(function, *args, **kwargs)
        except DatabaseError:
            logger.exception("what happened to %s could not be written", self.channel)


def _build(channel: Channel) -> Adapter:
    """In a thread: importing an SDK takes seconds. Raises CredentialError or PlatformError."""
    return adapter_class(channel.platform).of(channel)


async def _close(adapter: Adapter) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await adapter.close()
    except Exception:
        # Whatever goes wrong while letting go must not hide why we let go.
        logger.exception("an adapter did not close cleanly")
