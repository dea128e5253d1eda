"""Runs are asked for, stopped and woken, whoever else does something with them at that moment."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from apps.agents import services
from apps.agents.models import Run
from apps.agents.runs.execution import execute
from tests.agents.support import states


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_being_stopped_is_claimed_by_nobody(group, monkeypatch):
    run = services.request_run(group, chat=None, cause=Run.Cause.REQUEST, prompt="go")
    claimed: list[bool] = []

    def claim():
        claimed.append(Run.objects.get(pk=run.pk).claim("a worker"))
        connection.close()

    worker = threading.Thread(target=claim)
    cancel = Run.cancel

    def cancel_late(run, reason):
        worker.start()
        worker.join(0.5)
        cancel(run, reason)

    monkeypatch.setattr(Run, "cancel", cancel_late)
    services.stop_run(run)
    worker.join(60)

    assert (claimed, Run.objects.get(pk=run.pk).status) == ([False], Run.Status.CANCELLED)


def test_a_busy_session_leaves_the_second_run_queued_and_the_holder_wakes_it(say, claude, group, chat):
    from apps.events.pubsub import connection

    running = say("one")
    assert Run.objects.get(pk=running.pk).claim("somebody")
    task = services.request_run(group, chat=chat, cause=Run.Cause.SCHEDULE, prompt="water the plants")
    execute(task.pk)
    task.refresh_from_db()
    assert task.status == Run.Status.QUEUED
    connection().delete("agents")

    holder = Run.objects.get(pk=running.pk)
    holder.finish(Run.Status.SUCCEEDED)
    services.wake_next(holder.session)

    assert connection().llen("agents") == 1


def test_scheduled_work_waits_for_the_turn_and_comes_before_later_chatter(say, group, chat):
    first = say("one")
    assert first.claim("a worker of the tests")
    scheduled = services.request_run(group, chat=chat, cause=Run.Cause.SCHEDULE, prompt="water the plants")
    later = say("two")
    Run.objects.update(woken_at=None)
    for run in (later, scheduled):
        execute(run.pk)
    assert states() == ["running", "queued", "queued"]

    first.finish(Run.Status.SUCCEEDED)
    assert Run.objects.due(timezone.now()).first() == scheduled
    services.wake_next(first.session)

    woken = Run.objects.exclude(woken_at=None)
    assert list(woken) == [scheduled]
