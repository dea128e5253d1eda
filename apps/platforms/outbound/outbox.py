"""Delivers what waits: chats side by side, in each chat in order; a channel that hangs delays no other."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.chats.models import Channel, Message
from apps.events import hooks
from apps.platforms.aio.database import in_database
from apps.platforms.aio.wake import told
from apps.platforms.base import Adapter, PlatformError
from apps.platforms.outbound import delivery
from apps.platforms.outbound.drafts import Drafts
from apps.platforms.outbound.rates import Rates
from apps.platforms.registry import SPECS, adapter_class

logger = logging.getLogger(__name__)

SWEEP = 2.0  # seconds between looks when nobody tells
MOST_AT_ONCE = 8  # chats of one channel to which we send at the same time
MOST_ROWS = 200  # rows for one look
STOP_GRACE = 10.0  # seconds in which sends in progress may end


class Outbox:
    """`adapters()` says which channels stand now; a message for another one waits."""

    def __init__(self, adapters: Callable[[], Mapping[int, Adapter]], rates: Rates, drafts: Drafts) -> None:
        self._adapters = adapters
        self._rates = rates
        self._drafts = drafts
        self._sending: dict[Message, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        tidied_at = -SWEEP
        try:
            while True:
                if clock() - tidied_at >= SWEEP:
                    await self._tidy()
                    tidied_at = clock()
                await told(self._wake, await self._start_due())
        finally:
            await self._finish()

    async def _start_due(self) -> float:
        """Begins every delivery that can begin; returns the seconds until the next look."""
        adapters = self._adapters()
        busy = Counter(message.chat.channel_id for message in self._sending)
        free = {pk: MOST_AT_ONCE - busy[pk] for pk in adapters if busy[pk] < MOST_AT_ONCE}
        try:
            heads, soonest = await in_database(_due, list(free))
        except DatabaseError:
            logger.exception("the outbox could not be read")
            return SWEEP
        for message in heads:
            channel_id = message.chat.channel_id
            if free[channel_id] > 0 and message not in self._sending:
                free[channel_id] -= 1
                self._start(message, adapters[channel_id])
        return SWEEP if soonest is None else min(SWEEP, max(0.01, (soonest - timezone.now()).total_seconds()))

    def _start(self, message: Message, adapter: Adapter) -> None:
        self._sending[message] = asyncio.create_task(self._deliver(message, adapter), name=f"message {message.pk}")

    async def _deliver(self, message: Message, adapter: Adapter) -> None:
        try:
            await delivery.deliver(message, adapter, self._rates, self._drafts)
        except DatabaseError:
            logger.exception("what became of message %s could not be written; the next sweep settles it", message.pk)
        else:
            self.wake()  # the next one of this chat
        finally:
            del self._sending[message]

    async def _tidy(self) -> None:
        try:
            await in_database(_settle_the_rest, [message.pk for message in self._sending])
        except DatabaseError:
            logger.exception("the outbox could not be tidied")

    async def _finish(self) -> None:
        """A send that is cut off would be one of which nobody knows whether it arrived."""
        tasks = list(self._sending.values())
        if not tasks:
            return
        _, unfinished = await asyncio.wait(tasks, timeout=STOP_GRACE)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)


def _due(channel_ids: Collection[int]) -> tuple[list[Message], datetime | None]:
    """The heads of the queues on these channels, and when the next one becomes due."""
    here = Message.objects.filter(chat__channel__in=channel_ids).select_related("chat")
    waiting = list(here.undelivered()[:MOST_ROWS])
    # A long queue in one chat must not hide the others.
    heads = _heads(waiting) if len(waiting) < MOST_ROWS else list(here.heads()[:MOST_ROWS])
    now = timezone.now()
    due = [message for message in heads if message.next_attempt_at and message.next_attempt_at <= now]
    return due, heads[len(due)].next_attempt_at if len(due) < len(heads) else None


def _heads(waiting: Iterable[Message]) -> list[Message]:
    """As the query of this name: asking it costs more than the few rows that usually wait."""
    first: dict[int, Message] = {}
    for message in waiting:
        first.setdefault(message.chat_id, message)
    heads = [message for message in first.values() if message.delivery == Message.Delivery.QUEUED]
    return sorted(heads, key=lambda message: (message.next_attempt_at or message.created_at, message.pk))


def _settle_the_rest(in_progress: Collection[int]) -> None:
    """What a crash left behind, what has nowhere to go, and what waited too long."""
    messages = Message.objects.select_related("chat__channel")
    for message in messages.filter(delivery=Message.Delivery.SENDING).exclude(pk__in=in_progress)[:MOST_ROWS]:
        interrupted = PlatformError(_("The listeners ended while it was being sent."), ambiguous=True)
        delivery.settle(message, interrupted, idempotent=_is_idempotent(message.chat.channel))
    disabled = Q(chat__channel__enabled=False)
    without_adapter = ~Q(chat__channel__platform__in=SPECS)
    stale = Q(created_at__lt=timezone.now() - delivery.GIVE_UP) & ~Q(chat__channel__status=Channel.Status.ONLINE)
    queued = messages.filter(delivery=Message.Delivery.QUEUED)
    for message in queued.filter(disabled | without_adapter | stale).order_by("pk")[:MOST_ROWS]:
        delivery.fail(message, _why_not(message.chat.channel))
        hooks.message_delivered.fire(message=message)


def _why_not(channel: Channel) -> str:
    if not channel.enabled:
        return _("The channel %s is disabled.") % channel.name
    if channel.platform not in SPECS:
        return _("There is no adapter for %s yet.") % channel.platform
    return _("The channel %s was not connected for a day.") % channel.name


def _is_idempotent(channel: Channel) -> bool:
    try:
        return adapter_class(channel.platform).idempotent
    except PlatformError:
        return False
