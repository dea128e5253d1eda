from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.chats.models import Group
from apps.chats.services import create_group
from apps.schedules import services
from apps.schedules.models import ScheduledTask


@pytest.fixture
def group(db) -> Group:
    return create_group(folder="family", name="Family", timezone="America/New_York")


@pytest.fixture
def hourly(group) -> ScheduledTask:
    return services.create_task(group=group, prompt="water the plants", schedule_type="interval", schedule_value="1h")


def came_due(task: ScheduledTask, ago: timedelta) -> ScheduledTask:
    """As if its next slot had been that long ago."""
    slot = timezone.now().replace(microsecond=0) - ago
    ScheduledTask.objects.filter(pk=task.pk).update(next_run_at=slot, created_at=slot)
    task.refresh_from_db()
    return task


def fired(task: ScheduledTask) -> Run:
    run = services.fire(task.pk)
    assert run
    return run


def next_run(task: ScheduledTask) -> datetime:
    assert task.next_run_at
    return task.next_run_at
