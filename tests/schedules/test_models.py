"""What a scheduled task and its slots promise, whoever writes the rows."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.schedules.models import ScheduledTask, TaskRun


def test_only_an_active_task_has_a_next_run(hourly):
    with pytest.raises(IntegrityError, match="active_tasks_and_only_they_have_a_next_run"), transaction.atomic():
        ScheduledTask.objects.filter(pk=hourly.pk).update(next_run_at=None)
    hourly.move(ScheduledTask.Status.PAUSED)
    hourly.refresh_from_db()
    assert (hourly.status, hourly.next_run_at) == ("paused", None)


def test_a_slot_is_taken_once(hourly):
    slot = timezone.now()
    TaskRun.objects.create(task=hourly, slot=slot)
    with pytest.raises(IntegrityError), transaction.atomic():
        TaskRun.objects.create(task=hourly, slot=slot)
    TaskRun.objects.create(task=hourly, slot=slot + timedelta(hours=1))
    assert hourly.task_runs.count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"prompt": "  "}, "prompt"),
        ({"schedule_value": "whenever"}, "schedule_value"),
        ({"timezone": "Mars"}, "timezone"),
    ],
)
def test_a_mistake_is_told_at_its_own_field(hourly, change, field):
    hourly.full_clean()
    for name, value in change.items():
        setattr(hourly, name, value)
    with pytest.raises(ValidationError) as refusal:
        hourly.full_clean()
    assert list(refusal.value.message_dict) == [field]


def test_an_answer_goes_to_a_chat_of_its_group_only(hourly, room, foreign):
    hourly.chat = room
    hourly.full_clean()
    hourly.chat = foreign
    with pytest.raises(ValidationError, match="does not belong to the group"):
        hourly.full_clean()


def test_overdue_are_active_tasks_whose_slot_nobody_took(hourly):
    due = hourly.next_run_at
    assert not ScheduledTask.objects.overdue(due).exists()
    assert list(ScheduledTask.objects.overdue(due + timedelta(seconds=1))) == [hourly]
    hourly.move(ScheduledTask.Status.PAUSED)
    assert not ScheduledTask.objects.overdue(due + timedelta(seconds=1)).exists()
    assert list(ScheduledTask.objects.open()) == [hourly]
