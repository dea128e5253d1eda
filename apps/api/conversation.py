"""One question to a group and its answer, for the API and for `manage.py ask`: a message on the group's web chat."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import redis
from django.db.models import Q

from apps.agents.models import Run, RunStatus
from apps.agents.services import RUN_STATES, session_for
from apps.api.database import in_thread
from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Group, Message, Sender
from apps.chats.services import storable, web_chat
from apps.events.backoff import jittered
from apps.events.pubsub import async_subscription
from apps.platforms.inbound.intake import accept

MOST_CHARACTERS = 32_000
MOST_WAITING = 64  # in one process: each holds a thread and a connection to Redis
LOOK_AGAIN = 2.0  # seconds, where a publication was lost; where Redis is away, half of it

_waiting = 0

Nap = Callable[[float], Awaitable[None]]


class RefusedError(Exception):
    """The message is not taken; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message so far; `reply` is everything the run said in this chat after it."""

    message: Message
    run: Run | None
    reply: str | None

    @property
    def is_over(self) -> bool:
        """A command of the chat, which no run handles, is over at once."""
        if self.message.withheld:
            return True
        return self.run is not None and self.run.is_over and self.message.run_id == self.run.pk


def post(
    group: Group, text: str, *, sender_id: str, sender_name: str, is_admin: bool = False, external_id: str = ""
) -> Message:
    """Stores it and calls the agent; the same external id again finds the first one. Raises RefusedError."""
    chat = web_chat(group)
    name = f"{sender_id}:{external_id}" if external_id else str(uuid.uuid4())
    inbound = InboundMessage(
        external_id=name,
        chat_id=chat.external_id,
        chat_kind=Chat.Kind.DIRECT,
        chat_title=chat.title,
        sender_id=sender_id,
        sender_name=sender_name,
        text=text,
        mentions_bot=True,
        access=Sender.Access.ADMIN if is_admin else Sender.Access.ALLOWED,
    )
    message = accept(chat.channel, inbound) or chat.messages.inbound().filter(external_id=name).first()
    if message is None:
        raise RefusedError("The message was not accepted: the sender is blocked, or a plugin refused it.")
    if message.text != storable(text):
        raise RefusedError(f"Another message was sent with the external_id {external_id!r}.")
    return message


def outcome(message_id: int) -> Outcome:
    message = Message.objects.select_related("chat__channel", "chat__group", "run__session__group").get(pk=message_id)
    if message.withheld:
        return Outcome(message, None, _said_to(message))
    run = message.run or _coming_run(message)
    return Outcome(message, run, _reply(message, run) if run and run.is_over else None)


async def settled(message: Message, seconds: float) -> Outcome:
    """What became of it when its run ended, or when the seconds have passed; too many who wait are not made to."""
    global _waiting  # noqa: PLW0603 - counts within one event loop
    if seconds <= 0 or _waiting >= MOST_WAITING:
        return await in_thread(outcome, message.pk)
    _waiting += 1
    try:
        async with _naps(message.chat_id) as nap:
            return await _watch(message, time.monotonic() + seconds, nap)
    finally:
        _waiting -= 1


async def _watch(message: Message, deadline: float, nap: Nap) -> Outcome:
    while True:
        found = await in_thread(outcome, message.pk)
        left = deadline - time.monotonic()
        if found.is_over or left <= 0:
            return found
        await nap(min(left, jittered(LOOK_AGAIN, 0.7, 1)))


@asynccontextmanager
async def _naps(chat_id: int) -> AsyncIterator[Nap]:
    """Naps that end early when a run of this chat changes; plain, shorter ones while Redis is away."""
    async with AsyncExitStack() as stack:
        try:
            receive = await stack.enter_async_context(async_subscription(RUN_STATES))
        except (redis.RedisError, OSError):
            receive = None

        async def nap(seconds: float) -> None:
            nonlocal receive
            try:
                if receive is not None:
                    await _heard(receive, chat_id, time.monotonic() + seconds)
                    return
            except (redis.RedisError, OSError):
                receive = None
            await asyncio.sleep(seconds / 2)

        yield nap


async def _heard(
    receive: Callable[..., Awaitable[tuple[str, dict[str, object]] | None]], chat_id: int, until: float
) -> None:
    while (left := until - time.monotonic()) > 0:
        publication = await receive(timeout=left)
        if publication and publication[1].get("chat") == chat_id:
            return


def _coming_run(message: Message) -> Run | None:
    """While no run has taken the message: the queued one of its conversation, else the one in progress."""
    assert message.chat.group
    session = session_for(message.chat.group, message.chat, message.thread_id)
    open_runs = session.runs.filter(
        Q(status=RunStatus.QUEUED) | Q(status=RunStatus.RUNNING),
        chat=message.chat,
        thread_id=message.thread_id,
        cause=Run.Cause.MESSAGE,
    )
    return open_runs.select_related("session__group").order_by("status").first()


def _said_to(command: Message) -> str | None:
    answer = command.chat.messages.outbound().filter(reply_to=command.external_id, run=None, pk__gt=command.pk)
    return answer.values_list("text", flat=True).first()


def _reply(message: Message, run: Run) -> str | None:
    said = (
        message.chat.messages.outbound()
        .filter(run=run, pk__gt=message.pk)
        .exclude(kind__in=(Message.Kind.NOTICE, Message.Kind.REACTION))
    )
    return "\n\n".join(said.order_by("pk").values_list("text", flat=True)) or None
