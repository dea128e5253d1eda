"""Shows in a chat that the agent works there, as long as a run is in progress."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from apps.agents.models import Run
from apps.platforms.aio.database import in_database
from apps.platforms.aio.wake import told
from apps.platforms.base import Adapter, PlatformError

logger = logging.getLogger(__name__)

SWEEP = 10.0  # seconds between looks at the runs when nobody tells
GATHER = 0.1  # seconds: changes come in bursts, and an answer that is there sooner needs no typing
WITHOUT = 1.0  # seconds between looks for a connection that can show it


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody waits for an answer."""

    channel: int
    chat: int
    chat_id: str  # the platform's own
    thread_id: str


class Presence:
    """One task for each place; several runs at one place are shown once."""

    def __init__(self, adapters: Callable[[], Mapping[int, Adapter]]) -> None:
        self._adapters = adapters
        self._shown: dict[Place, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    def hear(self, publication: dict[str, Any]) -> None:
        """A run began or ended, or (empty) it may have; one that was queued shows nothing yet."""
        status = publication.get("status")
        hidden = status != Run.Status.RUNNING and self._hide(publication)
        if hidden or status != Run.Status.QUEUED:
            self._changed.set()

    def _hide(self, publication: dict[str, Any]) -> bool:
        """At once: after the answer it would look as if another one came. Another run's is shown again soon."""
        where = publication.get("chat"), publication.get("thread_id")
        over = [place for place in self._shown if (place.chat, place.thread_id) == where]
        for place in over:
            self._shown.pop(place).cancel()
        return bool(over)

    async def run(self) -> None:
        try:
            while True:
                await self._follow()
                if await told(self._changed, SWEEP):
                    await asyncio.sleep(GATHER)
                    self._changed.clear()
        finally:
            for task in self._shown.values():
                task.cancel()
            await asyncio.gather(*self._shown.values(), return_exceptions=True)

    async def _follow(self) -> None:
        try:
            working = await in_database(_places_at_work)
        except DatabaseError:
            logger.exception("the runs could not be read")
            return
        for place in self._shown.keys() - working:
            self._shown.pop(place).cancel()
        for place in working - self._shown.keys():
            self._shown[place] = asyncio.create_task(self._show(place), name=f"typing in {place.chat_id}")

    async def _show(self, place: Place) -> None:
        while True:
            adapter = self._adapters().get(place.channel)
            pause = WITHOUT
            if adapter and adapter.typing_every:
                pause = adapter.typing_every
                try:
                    await adapter.show_typing(place.chat_id, place.thread_id)
                except PlatformError as error:
                    # Only a courtesy: nothing depends on it.
                    logger.debug("typing is not shown in %s: %s", place.chat_id, error)
                    pause = max(pause, error.retry_after or 0)
                except Exception:
                    # An adapter's mistake, or a database that is away: it is shown again when that is over.
                    logger.exception("typing could not be shown in %s", place.chat_id)
                    pause = max(pause, SWEEP)
            await asyncio.sleep(pause)


def _places_at_work() -> set[Place]:
    runs = Run.objects.filter(status=Run.Status.RUNNING, chat__isnull=False)
    return {Place(*place) for place in runs.values_list("chat__channel", "chat", "chat__external_id", "thread_id")}
