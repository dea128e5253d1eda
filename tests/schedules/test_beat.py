"""The mirror against django-celery-beat's own scheduler."""

import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from apps.agents.models import Run
from apps.events import pubsub
from apps.schedules import beat, services, tasks
from apps.schedules.models import ScheduledTask
from nanogridbot.celery import app
from tests.schedules.support import came_due, next_run

pytestmark = pytest.mark.django_db(transaction=True)

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Beat(DatabaseScheduler):  # type: ignore[misc]
    """The real one, with a real broker behind it."""

    def __init__(self):
        super().__init__(app=app, max_interval=2)
        self._finalize.cancel()  # it would write to the tests' database when the process ends

    def rings(self):
        """The scheduled tasks that it rings for now; what it sent is worked off."""
        for _ in range(20):
            self.tick()
        with app.connection_for_read() as connection, connection.SimpleQueue("default") as queue:
            return [arguments[0] for arguments in _received(queue)]


def _received(queue):
    with suppress(queue.Empty):
        while message := queue.get(block=False):
            message.ack()
            if message.headers["task"] == beat.FIRE:
                tasks.fire(*message.payload[0])
                yield message.payload[0]


@pytest.fixture(autouse=True)
def _broker(redis_server):
    """A real one, empty."""
    pubsub.connection().flushall()


def bells(task):
    return PeriodicTask.objects.filter(name__startswith=f"task {task.pk} at ")


def due(task, ago=SECOND):
    """Its slot has come, and beat was told of it before."""
    came_due(task, ago)
    beat.mirror(task, task.next_run_at - MINUTE)
    return task


def test_a_due_task_is_rung_for_and_runs_once(hourly):
    bell = Beat()
    assert bell.rings() == []
    due(hourly)
    assert bell.rings() == [hourly.pk]
    assert Run.objects.get().prompt == "water the plants"
    assert bell.rings() == []


def test_beat_rings_slot_after_slot(group):
    bell = Beat()
    task = services.create_task(group=group, prompt="tick", schedule_type="interval", schedule_value="1s")
    for _ in range(3):
        time.sleep(max(0, (next_run(task) - timezone.now()).total_seconds()) + 0.05)
        assert bell.rings() == [task.pk]
        task.refresh_from_db()
    assert task.task_runs.count() == 3


def test_two_beats_ring_and_the_slot_runs_once(hourly):
    first, second = Beat(), Beat()
    due(hourly)
    second.rings()
    first.rings()
    assert hourly.task_runs.count() == Run.objects.count() == 1


def test_a_beat_that_was_restarted_does_not_run_a_slot_again(hourly):
    due(hourly)
    Beat().rings()
    bells(hourly).update(enabled=True, total_run_count=0)  # as if it died before it wrote back that it rang
    assert Beat().rings() == [hourly.pk]
    assert Run.objects.count() == 1


def test_the_next_slot_is_the_only_one_planned(hourly):
    due(hourly)
    Beat().rings()
    hourly.refresh_from_db()
    coming = bells(hourly).filter(enabled=True, clocked__clocked_time__gt=timezone.now())
    assert [bell.clocked.clocked_time for bell in coming] == [hourly.next_run_at]


def test_a_paused_task_has_no_bell_and_a_resumed_one_has(hourly):
    services.pause(hourly)
    assert not bells(hourly).exists()
    services.resume(hourly)
    assert bells(hourly).get().clocked.clocked_time == hourly.next_run_at


def test_a_beat_that_did_not_hear_of_the_pause_rings_in_vain(hourly):
    due(hourly)
    services.pause(hourly)
    assert Beat().rings() == [hourly.pk]
    assert not Run.objects.exists()


def test_an_edited_task_is_planned_anew(hourly):
    hourly.schedule_value = "5m"
    services.plan(hourly)
    assert bells(hourly).get().clocked.clocked_time == hourly.next_run_at
    assert ClockedSchedule.objects.count() == 1


def test_used_bells_are_put_away_and_coming_ones_stay(hourly):
    due(hourly, timedelta(hours=2))
    services.sweep()
    hourly.refresh_from_db()
    assert bells(hourly).get().clocked.clocked_time == hourly.next_run_at


def test_a_task_that_was_not_committed_has_no_bell(group):
    with transaction.atomic():
        services.create_task(group=group, prompt="hi", schedule_type="interval", schedule_value="1h")
        transaction.set_rollback(True)
    assert not ScheduledTask.objects.exists()
    assert not PeriodicTask.objects.filter(task=beat.FIRE).exists()
