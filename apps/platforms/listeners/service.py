"""Everything that holds connections, in one event loop: channels, outbox, files, typing, wake-ups."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.db import connections

from apps.agents.questions.questions import QUESTIONS
from apps.agents.services import RUN_STATES
from apps.chats.services import CHANNELS_CHANGED, OUTBOX_FILLED, web_channel
from apps.platforms.aio.database import in_database
from apps.platforms.inbound.attachment_fetcher import Fetcher
from apps.platforms.inbound.attachments import MEDIA_AWAITED
from apps.platforms.inbound.sender_names import Naming
from apps.platforms.listeners.loop_lag import watch
from apps.platforms.listeners.subscriptions import hear
from apps.platforms.listeners.supervisor import Supervisor
from apps.platforms.outbound.drafts import Drafts
from apps.platforms.outbound.outbox import Outbox
from apps.platforms.outbound.rates import Rates
from apps.platforms.status.ack_reactions import Acknowledging
from apps.platforms.status.draft_publisher import DRAFTS
from apps.platforms.status.progress import Progress
from apps.platforms.status.question_closer import Settling
from apps.platforms.status.typing_indicator import Presence

logger = logging.getLogger(__name__)


async def serve(stopping: asyncio.Event) -> None:
    """Runs until `stopping` is set; then lets sends in progress end, closes every connection and returns."""
    await in_database(web_channel)
    tasks = _start()
    logger.info("listening")
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        await _end(tasks)
        await in_database(connections.close_all)
    logger.info("stopped listening")


def _start() -> list[asyncio.Task[None]]:
    """In the order in which they must end: who sends before who is connected."""
    supervisor = Supervisor()
    rates = Rates()
    drafts = Drafts(supervisor.adapters, rates)
    outbox = Outbox(supervisor.adapters, rates, drafts)
    supervisor.on_online = outbox.wake
    presence = Presence(supervisor.adapters)
    fetcher = Fetcher(supervisor.adapters)
    acknowledging = Acknowledging(supervisor.adapters)
    settling = Settling(supervisor.adapters, rates)

    def look_at_runs(publication: dict[str, Any]) -> None:
        presence.hear(publication)
        acknowledging.hear(publication)
        drafts.hear_run(publication)

    publications = {
        OUTBOX_FILLED: _without(outbox.wake),
        CHANNELS_CHANGED: _without(supervisor.look),
        RUN_STATES: look_at_runs,
        DRAFTS: drafts.hear,
        QUESTIONS: settling.hear,
        MEDIA_AWAITED: fetcher.hear,
    }
    parts = {
        "wake-ups": hear(publications),
        "typing": presence.run(),
        "progress": Progress(supervisor.adapters, drafts, rates).run(),
        "files": fetcher.run(),
        "names": Naming(supervisor.adapters).run(),
        "courtesies": _until_cancelled(acknowledging.close, settling.close, drafts.close),
        "outbox": outbox.run(),
        "channels": supervisor.run(),
        "lateness": watch(),
    }
    return [asyncio.create_task(part, name=name) for name, part in parts.items()]


def _without(look: Callable[[], None]) -> Callable[[dict[str, Any]], None]:
    """For whom it is enough that something was published."""

    def hear_it(_publication: dict[str, Any]) -> None:
        look()

    return hear_it


async def _until_cancelled(*closing: Callable[[], Awaitable[None]]) -> None:
    """For what has tasks of its own but no loop."""
    try:
        await asyncio.Event().wait()
    finally:
        for close in closing:
            await close()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Raises what ended a task that should not have ended."""
    failures: list[BaseException] = []
    for task in tasks:
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
            failures.append(outcome)
    if failures:
        raise BaseExceptionGroup("the listeners failed", failures)
