"""People's names where messages come without them (by webhook nobody can be asked before the answer): asked afterwards.

A name is a courtesy: nothing waits for it. It is put into what that person has written already, too.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping

from django.db import DatabaseError, transaction

from apps.chats.models import Message, Sender
from apps.chats.services import storable
from apps.platforms.aio.database import in_database
from apps.platforms.base import Adapter, PlatformError

logger = logging.getLogger(__name__)

SWEEP = 1.0  # seconds between looks
TIMEOUT = 10.0  # seconds for one question
QUIET = 60.0  # seconds without a question on a channel where one failed
FORGOTTEN = 3600.0  # seconds after which somebody whom the platform does not name is asked for again
MOST = 5000  # people of whom we know that they have no name
AT_ONCE = 20  # people for one look


class Naming:
    """Channels are asked side by side: one that hangs holds up nobody else's names."""

    def __init__(self, adapters: Callable[[], Mapping[int, Adapter]]) -> None:
        self._adapters = adapters
        self._quiet: dict[int, float] = {}  # channels, until when
        self._nameless: dict[int, float] = {}  # senders, until when
        self._asking: dict[int, asyncio.Task[None]] = {}  # by channel

    async def run(self) -> None:
        try:
            while True:
                await self._look()
                await asyncio.sleep(SWEEP)
        finally:
            tasks = list(self._asking.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        now = time.monotonic()
        adapters = {pk: adapter for pk, adapter in self._adapters().items() if adapter.names_people}
        free = [pk for pk in adapters if pk not in self._asking and self._quiet.get(pk, 0.0) < now]
        if not free:
            return
        self._nameless = {pk: until for pk, until in self._nameless.items() if until > now}
        try:
            found = await in_database(_unnamed, free, list(self._nameless))
        except DatabaseError:
            logger.exception("the people without a name could not be read")
            return
        for channel_id, senders in found.items():
            self._asking[channel_id] = asyncio.create_task(self._ask(channel_id, senders, adapters[channel_id]))

    async def _ask(self, channel_id: int, senders: list[Sender], adapter: Adapter) -> None:
        try:
            for sender in senders:
                if len(self._nameless) < MOST:
                    self._nameless[sender.pk] = time.monotonic() + FORGOTTEN  # also where the question fails
                async with asyncio.timeout(TIMEOUT):
                    name = await adapter.name_of(sender.external_id)
                if name:
                    await in_database(_name, sender, storable(name)[:255])
                    self._nameless.pop(sender.pk, None)
        except (PlatformError, TimeoutError) as error:
            logger.info("people's names are not told: %s", str(error) or "no answer in time")
            self._quiet[channel_id] = time.monotonic() + QUIET
        except Exception:
            # An adapter's mistake costs names, nothing else.
            logger.exception("asking for names failed")
            self._quiet[channel_id] = time.monotonic() + QUIET
        finally:
            self._asking.pop(channel_id, None)


def _unnamed(channels: Collection[int], but: Collection[int]) -> dict[int, list[Sender]]:
    found: dict[int, list[Sender]] = {}
    for sender in Sender.objects.filter(channel__in=channels, name="").exclude(pk__in=but).order_by("pk")[:AT_ONCE]:
        found.setdefault(sender.channel_id, []).append(sender)
    return found


@transaction.atomic
def _name(sender: Sender, name: str) -> None:
    if Sender.objects.filter(pk=sender.pk, name="").update(name=name):
        Message.objects.filter(sender=sender, sender_name="").update(sender_name=name)
