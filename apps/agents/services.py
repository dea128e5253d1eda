"""Asking for runs. The row is the request; Celery only wakes a worker."""

import logging
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from apps.agents.models import Run, RunQuerySet, Session
from apps.agents.sandbox import reaper
from apps.agents.sandbox.selection import chosen_runtime
from apps.chats.models import Chat, Group, Message
from apps.events import hooks
from apps.events.pubsub import publish, publish_on_commit

logger = logging.getLogger(__name__)

OPEN = (Run.Status.QUEUED, Run.Status.RUNNING)
RUNS = "runs"  # payload: session; the worker that holds its run looks at the rows: a message came, or a stop
RUN_STATES = "run-states"  # payload: run, chat, thread_id, status; heard by whoever shows that an agent works


def session_for(group: Group, chat: Chat | None = None, thread_id: str = "") -> Session:
    """The conversation memory that this place uses, as the group's session scope says."""
    return Session.objects.get_or_create(group=group, key=_session_key(group, chat, thread_id))[0]


def _session_key(group: Group, chat: Chat | None, thread_id: str) -> str:
    if chat is None or group.session_scope == Group.SessionScope.GROUP:
        return "group"
    if group.session_scope == Group.SessionScope.THREAD and thread_id:
        return f"chat:{chat.pk}:{thread_id}"
    return f"chat:{chat.pk}"


@transaction.atomic(savepoint=False)
def request_run(
    group: Group,
    *,
    chat: Chat | None,
    cause: Run.Cause,
    thread_id: str = "",
    prompt: str = "",
    session: Session | None = None,
) -> Run:
    """A queued run, or for a message the queued one that will absorb it; whoever holds the session's run is told.

    The session is the place's own unless another one is given. Its row is locked until the commit, so that a run
    that is just ending cannot miss the message.
    """
    locked = Session.objects.select_for_update()
    if session is None:
        session, _ = locked.get_or_create(group=group, key=_session_key(group, chat, thread_id))
    else:
        session = locked.get(pk=session.pk)
    place = {"session": session, "chat": chat, "thread_id": thread_id}
    if cause != Run.Cause.MESSAGE:
        return _new_run(place, cause=cause, prompt=prompt)
    absorbing = Run.objects.filter(**place, cause=cause, status=Run.Status.QUEUED).first()
    run = absorbing or _new_run(place, cause=cause, prompt=prompt)
    publish_on_commit(RUNS, session=session.pk)
    return run


def _new_run(place: dict[str, Any], *, cause: Run.Cause, prompt: str) -> Run:
    run = Run.objects.create(**place, cause=cause, prompt=prompt, woken_at=timezone.now())
    transaction.on_commit(lambda: _tell_a_worker(run))
    transaction.on_commit(lambda: announce(run))
    return run


def answer_released(message: Message) -> None:
    """What was held back until its sender was let in is answered now."""
    if message.chat.group:
        request_run(message.chat.group, chat=message.chat, cause=Run.Cause.MESSAGE, thread_id=message.thread_id)


def announce(run: Run) -> None:
    """The run's state has changed (after the commit)."""
    publish(RUN_STATES, run=run.pk, chat=run.chat_id, thread_id=run.thread_id, status=run.status)
    hooks.run_changed.fire(run=run)


def wake(run: Run, delay_s: float = 0) -> None:
    """Tell a worker, now or after the delay; the sweep leaves the run alone until that has had its time."""
    Run.objects.filter(pk=run.pk).update(woken_at=timezone.now() + timedelta(seconds=delay_s))
    _tell_a_worker(run, delay_s)


def _tell_a_worker(run: Run, delay_s: float = 0) -> None:
    """A broker that is away is logged, and the sweep finds the row later."""
    try:
        current_app.send_task("apps.agents.tasks.execute_run", args=[run.pk], countdown=delay_s or None)
    except (OperationalError, OSError) as error:
        logger.warning("nobody could be told of run %s, the sweep will find it: %s", run.pk, error)


@transaction.atomic
def stop_run(run: Run) -> None:
    """A queued run ends at once, a running one is interrupted by the worker that holds it."""
    Session.objects.select_for_update().get(pk=run.session_id)
    run.refresh_from_db(from_queryset=Run.objects.select_for_update(no_key=True))  # nobody claims it meanwhile
    if run.status == Run.Status.QUEUED:
        run.cancel("Stopped by a person.")
        if run.chat and run.cause == Run.Cause.MESSAGE:
            Message.objects.unhandled(run.chat, run.thread_id).update(run=run)
        transaction.on_commit(lambda: announce(run))
    elif run.status == Run.Status.RUNNING:
        Run.objects.filter(pk=run.pk).update(stop_requested=True)
        publish_on_commit(RUNS, session=run.session_id)


def wake_next(session: Session) -> None:
    """The holder has let go: whoever waits longest for the session is told."""
    waiting = Run.objects.filter(session=session, status=Run.Status.QUEUED, not_before__lte=timezone.now())
    if run := waiting.order_by("pk").first():
        wake(run)


def queued_in(run: Run) -> RunQuerySet:
    """The queued message-run of the same conversation."""
    return Run.objects.filter(
        session=run.session_id,
        chat=run.chat_id,
        thread_id=run.thread_id,
        cause=Run.Cause.MESSAGE,
        status=Run.Status.QUEUED,
    ).exclude(pk=run.pk)


def drop_absorbed(run: Run) -> None:
    """A queued run whose messages all went into this one has nothing left to do. Under the session's lock."""
    queued = queued_in(run)
    if not run.chat or not queued.exists():
        return
    if not Message.objects.unhandled(run.chat, run.thread_id).filter(calls_agent=True).exists():
        queued.delete()


def remove_agents() -> int:
    """At a clean stop of the service: no agent of this install stays; how many containers there were."""
    return reaper.remove_all() if chosen_runtime().name == "docker" else 0
