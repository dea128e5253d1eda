from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_celery_beat.models import PeriodicTask

from apps.agents.models import Run
from apps.schedules import beat, services
from apps.schedules.models import ScheduledTask, TaskStatus
from tests.schedules.support import came_due, fired, made_for

TASKS = "/admin/schedules/scheduledtask/"


@pytest.fixture
def desk(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def form(group, **fields: str) -> dict[str, object]:
    return {
        "group": group.pk,
        "prompt": "good morning",
        "schedule_type": "cron",
        "schedule_value": "0 9 * * *",
        "context_mode": "group",
        "missed": "once",
        "task_runs-TOTAL_FORMS": "0",
        "task_runs-INITIAL_FORMS": "0",
    } | fields


def chosen(action: str, *tasks: ScheduledTask) -> dict[str, object]:
    return {"action": action, "_selected_action": [task.pk for task in tasks]}


def test_a_task_is_made_and_planned(desk, group):
    assert desk.post(f"{TASKS}add/", form(group)).status_code == 302
    task = ScheduledTask.objects.get()
    assert (task.timezone, task.status) == ("America/New_York", TaskStatus.ACTIVE)
    assert task.next_run_at


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"schedule_value": "not a cron"}, "five fields are expected"),
        ({"schedule_type": "interval", "schedule_value": "abc"}, "a number of seconds is expected"),
        ({"schedule_type": "once", "schedule_value": "2020-01-01T00:00"}, "a time in the future is expected"),
        ({"timezone": "Mars/Base"}, "is no time zone"),
    ],
)
def test_a_bad_schedule_is_said_on_the_form(desk, group, fields, sentence):
    page = desk.post(f"{TASKS}add/", form(group, **fields))
    assert sentence in page.content.decode()
    assert not ScheduledTask.objects.exists()


def test_an_edit_plans_anew(desk, hourly):
    before = hourly.next_run_at
    edited = form(hourly.group, schedule_type="interval", schedule_value="5m", timezone="UTC")
    assert desk.post(f"{TASKS}{hourly.pk}/change/", edited).status_code == 302
    hourly.refresh_from_db()
    assert hourly.next_run_at < before


def test_an_edit_of_the_prompt_leaves_the_next_slot(desk, hourly):
    due = came_due(hourly, timedelta(seconds=1)).next_run_at
    same = {"schedule_type": "interval", "schedule_value": "1h", "timezone": hourly.timezone}
    edited = form(hourly.group, prompt="feed the cat", **same)
    assert desk.post(f"{TASKS}{hourly.pk}/change/", edited).status_code == 302
    hourly.refresh_from_db()
    assert (hourly.prompt, hourly.next_run_at) == ("feed the cat", due)


def test_a_paused_ones_new_schedule_must_come_true_as_well(desk, hourly):
    services.pause(hourly)
    past, ahead = (
        form(hourly.group, schedule_type="once", schedule_value=when, timezone="UTC")
        for when in ("2020-01-31T09:00", "2050-01-31T09:00")
    )
    page = desk.post(f"{TASKS}{hourly.pk}/change/", past).content.decode()
    hourly.refresh_from_db()
    assert "a time in the future is expected" in page
    assert hourly.schedule_value == "1h"

    assert desk.post(f"{TASKS}{hourly.pk}/change/", ahead).status_code == 302
    hourly.refresh_from_db()
    assert (hourly.schedule_value, hourly.status) == ("2050-01-31T09:00", TaskStatus.PAUSED)


def test_what_has_ended_is_not_changed_and_begins_anew_as_another(desk, hourly):
    services.cancel(hourly)
    edited = form(hourly.group, schedule_type="once", schedule_value="2030-01-31T09:00", timezone="UTC")

    refused = desk.post(f"{TASKS}{hourly.pk}/change/", edited).content.decode()
    hourly.refresh_from_db()
    assert "A task that is cancelled cannot be changed; make a new one." in refused
    assert (hourly.prompt, hourly.status) == ("water the plants", TaskStatus.CANCELLED)

    assert desk.post(f"{TASKS}{hourly.pk}/change/", edited | {"_saveasnew": "yes"}).status_code == 302
    another = ScheduledTask.objects.exclude(pk=hourly.pk).get()
    assert (another.prompt, another.status) == ("good morning", TaskStatus.ACTIVE)
    assert another.next_run_at


def test_a_task_is_deleted_with_its_history(desk, hourly):
    run = services.run_now(hourly)
    desk.post(f"{TASKS}{hourly.pk}/delete/", {"post": "yes"})
    assert not ScheduledTask.objects.exists()
    assert Run.objects.get() == run


@pytest.mark.parametrize("by_action", [True, False])
def test_a_deleted_task_leaves_nothing_with_beat(desk, hourly, by_action):
    told = PeriodicTask.objects.filter(task=beat.FIRE)
    assert told.get().description == str(hourly)
    address = TASKS if by_action else f"{TASKS}{hourly.pk}/delete/"
    desk.post(address, chosen("delete_selected", hourly) | {"post": "yes"})
    assert not ScheduledTask.objects.exists()
    assert not told.exists()


def test_actions_say_how_many_and_why_not(desk, hourly):
    desk.post(TASKS, chosen("pause", hourly))
    hourly.refresh_from_db()
    assert hourly.status == TaskStatus.PAUSED
    desk.post(TASKS, chosen("cancel", hourly))
    page = desk.post(TASKS, chosen("resume", hourly), follow=True).content.decode()
    assert "cancelled cannot be resumed" in page


def test_run_now(desk, hourly):
    page = desk.post(TASKS, chosen("run_now", hourly), follow=True).content.decode()
    assert "1: asked to run" in page
    assert Run.objects.get().prompt == "water the plants"


def test_the_lists_and_the_history_are_shown(desk, hourly):
    run = fired(came_due(hourly, timedelta(seconds=1)))
    assert "water the plants" in desk.get(TASKS, {"status__exact": "active"}).content.decode()
    assert "water the plants" not in desk.get(TASKS, {"status__exact": "paused"}).content.decode()
    assert f"run {run.pk}" in desk.get(f"{TASKS}{hourly.pk}/change/").content.decode()
    assert "queued" in desk.get("/admin/schedules/taskrun/").content.decode()


def test_for_whom_a_task_was_made_is_shown_and_cannot_be_changed(desk, room, bob, carol):
    task = made_for(bob, room)
    assert ">Bob</td>" in desk.get(TASKS).content.decode()
    page = desk.get(f"{TASKS}{task.pk}/change/").content.decode()
    assert "Bob" in page
    assert str(task.created_in) in page
    desk.post(f"{TASKS}{task.pk}/change/", form(task.group, created_by=str(carol.pk)))
    task.refresh_from_db()
    assert task.created_by == bob


def test_the_history_is_read_only(desk, hourly):
    fired(came_due(hourly, timedelta(seconds=1)))
    taken = hourly.task_runs.get()
    assert desk.get("/admin/schedules/taskrun/add/").status_code == 403
    assert desk.post(f"/admin/schedules/taskrun/{taken.pk}/change/", {}).status_code == 403
    assert desk.post(f"/admin/schedules/taskrun/{taken.pk}/delete/", {"post": "yes"}).status_code == 403
