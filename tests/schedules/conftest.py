from datetime import datetime, timedelta
from itertools import count

import pytest
from django.utils import timezone

from apps.agents import authorization
from apps.agents.models import Run
from apps.agents.services import request_run
from apps.agents.toolkit import registry
from apps.agents.toolkit.registry import ToolRefusedError
from apps.chats.models import Channel, Chat, Group, Incident, Platform, Sender
from apps.chats.services import create_group
from apps.schedules import services
from apps.schedules.models import ScheduledTask

DAILY = {"prompt": "good morning", "schedule_type": "cron", "schedule_value": "0 9 * * *"}
SECOND = timedelta(seconds=1)
numbers = count(1)


@pytest.fixture
def group(db) -> Group:
    return create_group(folder="family", name="Family", timezone="America/New_York")


@pytest.fixture
def hourly(group) -> ScheduledTask:
    return services.create_task(group=group, prompt="water the plants", schedule_type="interval", schedule_value="1h")


@pytest.fixture
def telegram(db) -> Channel:
    return Channel.objects.create(platform=Platform.TELEGRAM, name="bot")


@pytest.fixture
def room(group, telegram) -> Chat:
    return Chat.objects.create(channel=telegram, external_id="-1", group=group, title="The family's room")


@pytest.fixture
def foreign(telegram) -> Chat:
    office = create_group(folder="office", timezone="Europe/Berlin")
    return Chat.objects.create(channel=telegram, external_id="-2", group=office, title="The office's room")


@pytest.fixture
def ann(telegram) -> Sender:
    return Sender.objects.create(channel=telegram, external_id="1", name="Ann", access=Sender.Access.ADMIN)


@pytest.fixture
def bob(telegram) -> Sender:
    return Sender.objects.create(channel=telegram, external_id="2", name="Bob", access=Sender.Access.ALLOWED)


@pytest.fixture
def carol(telegram) -> Sender:
    return Sender.objects.create(channel=telegram, external_id="3", name="Carol", access=Sender.Access.ALLOWED)


@pytest.fixture
def main(group: Group) -> Group:
    group.is_main = True
    group.save()
    return group


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
