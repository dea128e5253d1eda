"""Short tasks beside their owner: none delays it, and none outlives it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

logger = logging.getLogger(__name__)
T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Awaits the work to its end, also when the caller is cancelled meanwhile; the cancellation is raised after it."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class Errands:
    """`len` is how many are under way; an owner that hears of unbounded work looks at it before it begins another."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, errand: Coroutine[Any, Any, None], *, name: str) -> None:
        task = asyncio.create_task(errand, name=name)
        self._tasks.add(task)  # the event loop itself holds a task only weakly
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        """Nobody awaits an errand: what it raises is said here."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("%s failed", task.get_name(), exc_info=error)

    async def cancel(self) -> None:
        """Returns once all of them have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
