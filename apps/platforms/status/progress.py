"""Says in a chat what a long run does: a line that is edited, and that the answer replaces.

Where the platform cannot edit, one line after two minutes must do.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from apps.agents.models import Question, Run, RunStep
from apps.chats import platforms
from apps.chats.models import Message
from apps.platforms.aio.database import in_database
from apps.platforms.aio.task_set import Errands
from apps.platforms.base import Adapter, PlatformError
from apps.platforms.models import Draft
from apps.platforms.outbound.drafts import TIMEOUT, Drafts, Place, part_of, place_of
from apps.platforms.outbound.rates import Rates

logger = logging.getLogger(__name__)

LOOK = 5.0  # seconds between looks at the runs
EVERY = 15.0  # seconds between two changes of one line: groups allow few edits a minute
MOST = 100  # runs for one look
DOING = {
    **dict.fromkeys(("Read", "Grep", "Glob", "LS", "NotebookRead"), _("reading files")),
    **dict.fromkeys(("Write", "Edit", "MultiEdit", "NotebookEdit"), _("writing files")),
    **dict.fromkeys(("Bash", "BashOutput", "KillShell"), _("running a command")),
    **dict.fromkeys(("WebFetch", "WebSearch"), _("looking on the web")),
    **dict.fromkeys(("Task", "Agent"), _("a helper is at work")),
    "TodoWrite": _("planning"),
    "Skill": _("reading up on it"),
    "search_messages": _("searching the history"),
}
CLOSING = {
    Run.Status.SUCCEEDED: _("✓ Done."),
    Run.Status.CANCELLED: _("⏹ Stopped."),
    Run.Status.FAILED: _("⚠️ Failed."),
}


@dataclass(frozen=True, slots=True)
class Work:
    """A run that has said nothing for a while."""

    run_id: int
    channel_id: int
    line: str
    seconds: float


class Progress:
    """`run` looks at the rows again and again: nobody has to tell, and a restart forgets nothing."""

    def __init__(self, adapters: Callable[[], Mapping[int, Adapter]], drafts: Drafts, rates: Rates) -> None:
        self._adapters = adapters
        self._drafts = drafts
        self._rates = rates
        self._told: dict[int, float] = {}
        self._errands = Errands()  # beside each other: a channel that hangs delays none

    async def run(self) -> None:
        try:
            while True:
                await asyncio.sleep(min(LOOK, settings.PROGRESS_AFTER))
                try:
                    await self._look()
                except DatabaseError:
                    logger.exception("what the runs do could not be read")
        finally:
            await self._errands.cancel()

    async def _look(self) -> None:
        adapters = self._adapters()
        works = await in_database(_long_runs)
        self._told = {work.run_id: self._told[work.run_id] for work in works if work.run_id in self._told}
        for work in works:
            adapter = adapters.get(work.channel_id)
            if adapter is None or time.monotonic() - self._told.get(work.run_id, -EVERY) < EVERY:
                continue
            if adapter.edit_every:
                self._told[work.run_id] = time.monotonic()
                self._drafts.tell(work.run_id, work.line)
            elif work.seconds > settings.PROGRESS_AFTER * 6:
                self._told[work.run_id] = float("inf")
                self._errands.begin(self._say_once(work, adapter), name=f"word of run {work.run_id}")
        for draft in await in_database(_left_over):
            if draft.run.chat and (adapter := adapters.get(draft.run.chat.channel_id)):
                await self._drafts.forget(draft.run_id)
                self._errands.begin(self._close(draft, adapter), name=f"last line of run {draft.run_id}")

    async def _say_once(self, work: Work, adapter: Adapter) -> None:
        """Remembered as a draft, so that it is not said again after a restart."""
        place = await in_database(place_of, work.run_id)
        part = part_of(work.line, place, adapter.dialect) if place else None
        if not place or not part or await in_database(_has_draft, work.run_id):
            return
        await self._rates.turn(place.channel_id, place.chat_id, adapter)
        try:
            async with asyncio.timeout(TIMEOUT):
                external_id = await adapter.send(part)
        except (PlatformError, TimeoutError) as error:
            logger.info("what run %s does is not shown: %s", work.run_id, error)
        else:
            await self._drafts.keep(work.run_id, external_id, is_status=True)

    async def _close(self, draft: Draft, adapter: Adapter) -> None:
        """The run is over, and no answer has replaced the line: it says so now."""
        chat = draft.run.chat
        if chat is None or not adapter.edit_every:
            return
        place = Place(chat.channel_id, chat.external_id, draft.run.thread_id, "")
        part = part_of(str(CLOSING[Run.Status(draft.run.status)]), place, adapter.dialect)
        if part is None:
            return
        try:
            async with asyncio.timeout(TIMEOUT):
                await adapter.edit(draft.external_id, replace(part, idempotency_key=str(uuid.uuid4())))
        except (PlatformError, TimeoutError) as error:
            logger.info("the line of run %s stays as it is: %s", draft.run_id, error)


def _long_runs() -> list[Work]:
    """Those that people wait for, and that have said nothing for a while and ask nobody either."""
    now = timezone.now()
    quiet_since = now - timedelta(seconds=settings.PROGRESS_AFTER)
    said = Message.objects.outbound().filter(run=OuterRef("pk"), created_at__gt=quiet_since)
    asking = Question.objects.filter(run=OuterRef("pk"), status=Question.Status.OPEN)
    tools = RunStep.objects.filter(run=OuterRef("pk"), kind="tool").order_by("-seq")
    runs = Run.objects.filter(
        ~Exists(said),
        ~Exists(asking),
        status=Run.Status.RUNNING,
        cause=Run.Cause.MESSAGE,
        chat__isnull=False,
        stop_requested=False,
        started_at__lt=quiet_since,
    ).exclude(chat__channel__platform=platforms.WEB)
    found = runs.select_related("chat__channel").annotate(
        doing=Subquery(tools.values("summary")[:1]), count=Count("steps", filter=Q(steps__kind="tool"))
    )
    return [_work(run, now) for run in found[:MOST] if run.chat and run.chat.channel.option("progress") != "no"]


def _work(run: Any, now: datetime) -> Work:
    seconds = (now - run.started_at).total_seconds()
    return Work(run.pk, run.chat.channel_id, line(run.doing or "", run.count, seconds), seconds)


def line(doing: str, steps: int, seconds: float) -> str:
    """In general words: what exactly the agent reads or runs is nothing for the chat."""
    tool = doing.partition(":")[0].strip()
    words = str(DOING.get(tool) or (gettext("using a tool") if tool else gettext("thinking")))
    since = f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds // 5 * 5:.0f} s"
    counted = ", " + ngettext("%d step", "%d steps", steps) % steps if steps else ""
    return gettext("⏳ Working: %(doing)s, %(since)s…") % {"doing": words + counted, "since": since}


def _left_over() -> list[Draft]:
    """Lines of runs that are over, once nothing is on its way that may still replace them."""
    coming = Message.objects.outbound().filter(
        run=OuterRef("run"), delivery__in=(Message.Delivery.QUEUED, Message.Delivery.SENDING)
    )
    over = Draft.objects.filter(~Exists(coming), is_status=True, run__status__in=list(CLOSING))
    return list(over.select_related("run__chat")[:MOST])


def _has_draft(run_id: int) -> bool:
    return Draft.objects.filter(run=run_id).exists()
