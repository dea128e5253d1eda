from datetime import datetime, timedelta
from itertools import count

import pytest
from django.utils import timezone

from apps.agents import authorization
from apps.agents.models import Run
from apps.agents.services import request_run
from apps.agents.toolkit import registry
from apps.agents.toolkit.registry import ToolRefusedError
from apps.chats.models import Chat, Incident, Sender
from apps.schedules import services
from apps.schedules.models import ScheduledTask

DAILY = {"prompt": "good morning", "schedule_type": "cron", "schedule_value": "0 9 * * *"}


SECOND = timedelta(seconds=1)


numbers = count(1)


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


def called(chat: Chat, *callers: Sender | None) -> Run:
    """A run that these senders called, in a thread of its own."""
    assert chat.group
    run = request_run(chat.group, chat=chat, thread_id=f"t{next(numbers)}", cause=Run.Cause.MESSAGE)
    return begun(run, *callers)


def begun(run: Run, *callers: Sender | None) -> Run:
    """Once the one before it has ended."""
    Run.objects.filter(status="running").update(status="succeeded")
    assert run.claim("worker")
    authorization.took(run, [caller.pk if caller else None for caller in callers])
    return run


def again(run: Run, *callers: Sender) -> Run:
    """Its next attempt, in the hands of another worker."""
    assert run.requeue("broken off", 0)
    return begun(Run.objects.get(pk=run.pk), *callers)


def told(run: Run, name: str, **given: object) -> str:
    return registry.call(run, name, given)


def refused(run: Run, name: str, **given: object) -> str:
    with pytest.raises(ToolRefusedError) as refusal:
        registry.call(run, name, given)
    return str(refusal.value)


def incidents() -> list[str]:
    return list(Incident.objects.filter(kind="refused tool").values_list("sentence", flat=True))


def made_for(sender: Sender, chat: Chat) -> ScheduledTask:
    told(called(chat, sender), "schedule_task", **DAILY)
    return ScheduledTask.objects.latest("pk")
