"""Asking for runs. The row is the request; Celery only wakes a worker."""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from apps.agents.models import Run, Session
from apps.chats.models import Chat, Group
from apps.plugins import hooks
from nanogridbot.celery import app
from nanogridbot.publications import publish, publish_on_commit

logger = logging.getLogger(__name__)

RUNS = "runs"  # payload: run, event ("message" | "stop"); heard by the worker that holds the run
RUN_STATES = "run-states"  # payload: run, chat, thread_id, status; heard by whoever shows that an agent works


def session_for(group: Group, chat: Chat | None = None, thread_id: str = "") -> Session:
    """The conversation memory that this place uses, as the group's session scope says."""
    key = "group"
    if chat and group.session_scope != Group.SessionScope.GROUP:
        key = f"chat:{chat.pk}"
        if group.session_scope == Group.SessionScope.THREAD and thread_id:
            key += f":{thread_id}"
    return Session.objects.get_or_create(group=group, key=key)[0]


@transaction.atomic
def request_run(group: Group, *, chat: Chat | None, cause: Run.Cause, thread_id: str = "", prompt: str = "") -> Run:
    """A queued run, or for a message the queued one that will absorb it; whoever holds the session's run is told.

    The session's row is locked until the commit, so that a run that is just ending cannot miss the message.
    """
    session = Session.objects.select_for_update().get(pk=session_for(group, chat, thread_id).pk)
    place: dict[str, Any] = {"session": session, "chat": chat, "thread_id": thread_id}
    if cause == Run.Cause.MESSAGE:
        run, created = Run.objects.get_or_create(**place, cause=cause, status=Run.Status.QUEUED)
        for holder in Run.objects.filter(**place, status=Run.Status.RUNNING).values_list("pk", flat=True):
            publish_on_commit(RUNS, run=holder, event="message")
    else:
        run, created = Run.objects.create(**place, cause=cause, prompt=prompt), True
    if created:
        transaction.on_commit(lambda: announce(run))
        transaction.on_commit(lambda: wake(run))
    return run


def announce(run: Run) -> None:
    """The run's state has changed (after the commit)."""
    publish(RUN_STATES, run=run.pk, chat=run.chat_id, thread_id=run.thread_id, status=run.status)
    hooks.run_changed.fire(run=run)


def wake(run: Run, delay_s: float = 0) -> None:
    """Tell a worker; a broker that is away is logged, and the sweep finds the row later."""
    Run.objects.filter(pk=run.pk).update(woken_at=timezone.now() + timedelta(seconds=delay_s))
    try:
        app.send_task("apps.agents.tasks.execute_run", args=[run.pk], countdown=delay_s or None)
    except (OperationalError, OSError) as error:
        logger.warning("nobody could be told of run %s, the sweep will find it: %s", run.pk, error)


def stop_run(run: Run) -> None:
    """A queued run ends at once, a running one is interrupted by the worker that holds it."""
    cancelled = Run.objects.filter(pk=run.pk, status=Run.Status.QUEUED).update(
        status=Run.Status.CANCELLED, finished_at=timezone.now(), error="Stopped by a person."
    )
    if cancelled:
        run.refresh_from_db()
        transaction.on_commit(lambda: announce(run))
    else:
        publish_on_commit(RUNS, run=run.pk, event="stop")
