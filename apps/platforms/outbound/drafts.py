"""The listeners' side of answers shown while they are written: one message, edited until the final one replaces it."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from apps.agents.models import Run
from apps.chats.models import Message
from apps.platforms import rendering
from apps.platforms.aio.database import in_database
from apps.platforms.base import Adapter, OutboundPart, PlatformError
from apps.platforms.models import Draft
from apps.platforms.outbound.rates import Rates

logger = logging.getLogger(__name__)

TIMEOUT = 20.0  # seconds for one sending or edit
STILL = 20.0  # seconds without a word of the answer after which it is said what is being done
SILENCE = 600.0  # seconds without a word after which a draft is left as it is
MOST_TROUBLES = 5  # after so many failures in a row a draft is left as it is


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run's answer goes."""

    channel_id: int
    chat_id: str
    thread_id: str
    reply_to: str


class Writing:
    """One run's draft: `text` of the answer, below it the `status`; `closed`: nobody edits it any more."""

    def __init__(self) -> None:
        self.text = ""
        self.status = ""
        self.heard_at = 0.0  # when the answer last grew
        self.changed = asyncio.Event()
        self.closed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    @property
    def shown(self) -> str:
        return "\n\n".join(filter(None, (self.text, self.status)))


class Drafts:
    """Of runs whose channel has the option `stream` or that take long, where the platform edits messages."""

    def __init__(self, adapters: Callable[[], Mapping[int, Adapter]], rates: Rates) -> None:
        self._adapters = adapters
        self._rates = rates
        self._writing: dict[int, Writing] = {}
        self._kept: set[int] | None = None  # runs with a draft; only the listeners write these rows

    def hear(self, publication: dict[str, Any]) -> None:
        """The text so far."""
        if "run" not in publication:
            return
        run_id = int(publication["run"])
        writing = self._writing.setdefault(run_id, Writing())
        writing.text, writing.status, writing.heard_at = str(publication["text"]), "", time.monotonic()
        self._change_of(run_id, writing)

    def tell(self, run_id: int, status: str) -> None:
        """What is being done, unless the answer itself is being shown."""
        writing = self._writing.setdefault(run_id, Writing())
        if not writing.text or time.monotonic() - writing.heard_at > STILL:
            writing.status = status
            self._change_of(run_id, writing)

    def _change_of(self, run_id: int, writing: Writing) -> None:
        writing.changed.set()
        if writing.task is None:
            writing.task = asyncio.create_task(self._write(run_id, writing), name=f"draft of run {run_id}")

    def hear_run(self, publication: dict[str, Any]) -> None:
        """A run that is over writes no more."""
        writing = self._writing.get(publication.get("run", 0))
        if writing and publication.get("status") != Run.Status.RUNNING:
            writing.closed.set()
            writing.changed.set()

    async def end(self, run_id: int) -> None:
        """Returns once nothing of it is under way: a send that is cut off would leave a message nobody knows of."""
        writing = self._writing.get(run_id)
        if writing is None or writing.task is None:
            return
        writing.closed.set()
        writing.changed.set()
        await asyncio.wait([writing.task], timeout=TIMEOUT * 2)

    async def take(self, message: Message) -> str:
        """The platform's id of the draft that this message, its run's last word, replaces; empty: there is none."""
        if message.run_id is None:
            return ""
        if message.run_id not in await self._with_drafts() and message.run_id not in self._writing:
            return ""
        if await in_database(_is_running, message.run_id):
            return ""
        await self.end(message.run_id)
        return await in_database(_replaceable, message)

    async def forget(self, run_id: int | None) -> None:
        """The draft is the final message now, or cannot be edited."""
        await in_database(_delete, run_id)
        (await self._with_drafts()).discard(run_id or 0)

    async def keep(self, run_id: int, external_id: str, *, is_status: bool) -> None:
        await in_database(_keep, run_id, external_id, is_status)
        (await self._with_drafts()).add(run_id)

    async def close(self) -> None:
        await asyncio.gather(*(self.end(run_id) for run_id in list(self._writing)))

    async def _with_drafts(self) -> set[int]:
        """Asked once: every answer would have to ask otherwise, and hardly any has a draft."""
        if self._kept is None:
            self._kept = await in_database(_runs_with_drafts)
        return self._kept

    async def _write(self, run_id: int, writing: Writing) -> None:
        try:
            place = await in_database(place_of, run_id)
            kept = await in_database(_kept, run_id)
            if place:
                await self._keep_writing(run_id, writing, place, kept)
        except TimeoutError:
            logger.info("nothing is heard of run %s any more", run_id)
        except DatabaseError:
            logger.exception("the draft of run %s could not be kept", run_id)
        except Exception:
            # Only a courtesy: the final message goes out whatever happens here.
            logger.exception("the draft of run %s failed", run_id)
        finally:
            self._writing.pop(run_id, None)

    async def _keep_writing(self, run_id: int, writing: Writing, place: Place, kept: tuple[str, bool]) -> None:
        troubles, shown = 0, ""
        while troubles < MOST_TROUBLES:
            await self._change(writing)
            adapter = self._adapters().get(place.channel_id)
            if writing.closed.is_set() or adapter is None or not adapter.edit_every:
                return
            pause = adapter.edit_every
            is_status = not writing.text
            part = await asyncio.to_thread(part_of, writing.shown, place, adapter.dialect)
            if part and part.text != shown:
                try:
                    new_id = await self._show(adapter, place, part, kept[0])
                    if kept != (new_id, is_status):
                        await self.keep(run_id, new_id, is_status=is_status)
                    kept, shown, troubles = (new_id, is_status), part.text, 0
                except (PlatformError, TimeoutError) as error:
                    logger.info("the draft of run %s is not shown: %s", run_id, error)
                    troubles += 1
                    pause = max(pause, getattr(error, "retry_after", None) or 0)
            await self._pause(writing, pause)

    async def _change(self, writing: Writing) -> None:
        """Raises TimeoutError when nothing is heard of the run any more."""
        async with asyncio.timeout(SILENCE):
            await writing.changed.wait()
        writing.changed.clear()

    async def _pause(self, writing: Writing, seconds: float) -> None:
        """Shorter only when nobody edits any more."""
        try:
            async with asyncio.timeout(seconds):
                await writing.closed.wait()
        except TimeoutError:
            pass  # the usual case

    async def _show(self, adapter: Adapter, place: Place, part: OutboundPart, draft_id: str) -> str:
        await self._rates.turn(place.channel_id, place.chat_id, adapter)
        async with asyncio.timeout(TIMEOUT):
            if not draft_id:
                return await adapter.send(part)
            await adapter.edit(draft_id, part)
            return draft_id


def part_of(text: str, place: Place, dialect: str) -> OutboundPart | None:
    """The first part of the text so far; what does not fit comes with the final message."""
    parts = rendering.parts(text, dialect) if text.strip() else []
    if not parts:
        return None
    return OutboundPart(place.chat_id, parts[0].text, parts[0].plain, place.thread_id, place.reply_to)


def called_by(run: Run) -> str:
    """The platform's id of the message that calls for this run; empty: nobody's."""
    if run.chat is None or run.cause != Run.Cause.MESSAGE:
        return ""
    calls = Message.objects.unhandled(run.chat, run.thread_id).filter(calls_agent=True)
    return calls.values_list("external_id", flat=True).last() or ""


def place_of(run_id: int) -> Place | None:
    run = Run.objects.select_related("chat").filter(pk=run_id, status=Run.Status.RUNNING).first()
    if run is None or run.chat is None:
        return None
    return Place(run.chat.channel_id, run.chat.external_id, run.thread_id, called_by(run))


def _is_running(run_id: int) -> bool:
    return Run.objects.filter(pk=run_id, status=Run.Status.RUNNING).exists()


def _runs_with_drafts() -> set[int]:
    return set(Draft.objects.values_list("run", flat=True))


def _kept(run_id: int) -> tuple[str, bool]:
    """The platform's id of the draft, and whether it shows nothing of the answer."""
    return Draft.objects.filter(run=run_id).values_list("external_id", "is_status").first() or ("", False)


def _replaceable(message: Message) -> str:
    """A line that only says what is done is left where it stands once somebody wrote below it."""
    draft = Draft.objects.filter(run=message.run_id).first()
    if draft is None:
        return ""
    if draft.is_status:
        below = message.chat.messages.filter(pk__lt=message.pk, created_at__gt=draft.created_at, withheld=False)
        below = below.filter(thread_id=message.thread_id).exclude(kind=Message.Kind.REACTION)
        if message.kind not in (Message.Kind.TEXT, Message.Kind.NOTICE) or below.exists():
            return ""
    return draft.external_id


def _keep(run_id: int, external_id: str, is_status: bool) -> None:
    Draft.objects.update_or_create(run_id=run_id, defaults={"external_id": external_id, "is_status": is_status})


def _delete(run_id: int | None) -> None:
    Draft.objects.filter(run=run_id).delete()
