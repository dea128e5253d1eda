"""The agent's timetable: what each tool does, through the door that an agent's calls take."""

import threading

import pytest
from django.db import connection

from apps.agents.models import Run
from apps.agents.toolkit import registry
from apps.agents.toolkit.registry import ToolRefusedError
from apps.chats.models import Chat, Group
from apps.chats.services import web_chat
from apps.schedules import services, tools
from apps.schedules.models import ScheduledTask, TaskStatus
from tests.schedules.support import (
    DAILY,
    SECOND,
    again,
    called,
    came_due,
    fired,
    incidents,
    made_for,
    next_run,
    refused,
    told,
)

# schedule_task


def test_a_task_is_made_where_the_run_was_called_and_knows_for_whom(room, bob, group):
    run = called(room, bob)
    answer = told(run, "schedule_task", **DAILY)
    task = ScheduledTask.objects.get()
    assert (task.group, task.chat, task.thread_id, task.timezone) == (group, room, run.thread_id, "America/New_York")
    assert (task.created_by, task.created_in, task.context_mode, task.status) == (bob, run, "group", TaskStatus.ACTIVE)
    assert answer.startswith(f'Scheduled. Task {task.pk}: "good morning"; cron 0 9 * * * (America/New_York); next run ')
    assert "T09:00-0" in answer


def test_all_of_it_can_be_said(room, bob, group):
    given = {"schedule_type": "interval", "schedule_value": " 2h ", "context_mode": "isolated"}
    told(called(room, bob), "schedule_task", prompt="look", timezone="Asia/Tokyo", chat="web:family", **given)
    task = ScheduledTask.objects.get()
    assert (task.chat, task.thread_id, task.schedule_value) == (web_chat(group), "", "2h")
    assert (task.context_mode, task.timezone) == ("isolated", "Asia/Tokyo")


def test_what_is_due_runs_in_the_chat_where_it_was_asked_for(room, bob):
    run = fired(came_due(made_for(bob, room), SECOND))
    assert (run.cause, run.chat, run.prompt) == (Run.Cause.SCHEDULE, room, "good morning")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"schedule_value": "not a cron"}, "five fields are expected"),
        ({"schedule_type": "interval", "schedule_value": "abc"}, "a number of seconds is expected"),
        ({"schedule_type": "interval", "schedule_value": "0"}, "from one second to ten years"),
        ({"schedule_type": "interval", "schedule_value": "-5"}, "a number of seconds is expected"),
        ({"schedule_type": "interval", "schedule_value": "10abc"}, "a number of seconds is expected"),
        ({"schedule_type": "once", "schedule_value": "2020-01-01T00:00"}, "a time in the future is expected"),
        ({"schedule_type": "once", "schedule_value": "tomorrow"}, "a date and a time are expected"),
        ({"schedule_type": "daily"}, "'cron', 'interval' or 'once'"),
        ({"timezone": "Mars/Base"}, "is no time zone"),
        ({"prompt": " \n"}, "The prompt is empty"),
        ({"context_mode": "mine"}, "'group' or 'isolated'"),
        ({"created_by": 1}, "Extra inputs are not permitted"),
        ({"chat": "web:office", "group": "family"}, "may not write to web:office"),
    ],
)
def test_a_bad_task_is_refused_in_words_and_not_stored(room, bob, foreign, given, words):
    assert words in refused(called(room, bob), "schedule_task", **DAILY | given)
    assert not ScheduledTask.objects.exists()


def test_what_no_database_keeps_is_left_out(room, bob):
    told(called(room, bob), "schedule_task", **DAILY | {"prompt": "a\x00b"})
    assert ScheduledTask.objects.get().prompt == "ab"


def test_another_groups_timetable_is_closed_but_to_the_main_groups_admins(room, foreign, ann, bob, group):
    assert "may not look" in refused(called(room, ann), "schedule_task", group="office", **DAILY)
    assert "may not write" in refused(called(room, ann), "schedule_task", chat="telegram:-2", **DAILY)
    group.is_main = True
    group.save()
    assert "for admins" in refused(called(room, bob), "schedule_task", group="office", **DAILY)
    assert "for admins" in refused(called(room, ann, bob), "schedule_task", chat="telegram:-2", **DAILY)
    assert len(incidents()) == 3  # the two for admins are one, counted twice
    assert not ScheduledTask.objects.exists()


def test_the_main_groups_admins_schedule_for_another_group_by_its_folder_or_its_chat(room, foreign, ann, main):
    assert "answers to the group's page" in told(called(room, ann), "schedule_task", group="office", **DAILY)
    assert "group office" in told(called(room, ann), "schedule_task", chat="telegram:-2", **DAILY)
    by_chat, by_folder = ScheduledTask.objects.all()
    assert (by_folder.group, by_folder.chat, by_folder.timezone) == (foreign.group, None, "Europe/Berlin")
    assert (by_chat.group, by_chat.chat, by_chat.created_by) == (foreign.group, foreign, ann)
    assert "no chat of the group office" in refused(
        called(room, ann), "schedule_task", group="office", chat="telegram:-1", **DAILY
    )


def test_a_task_is_made_once_also_when_the_run_is_tried_again(room, bob):
    run = called(room, bob)
    for prompt in ("good morning", "good night"):
        told(run, "schedule_task", **DAILY | {"prompt": prompt})
    second = again(run, bob)
    assert told(second, "schedule_task", **DAILY).startswith("An earlier attempt of this run made it already. Task ")
    assert told(second, "schedule_task", **DAILY | {"prompt": "lunch"}).startswith("Scheduled.")
    assert told(called(room, bob), "schedule_task", **DAILY).startswith("Scheduled.")
    assert ScheduledTask.objects.count() == 4


def test_a_group_has_so_many_open_tasks_and_not_one_more(room, bob, ann, hourly, foreign, monkeypatch):
    monkeypatch.setattr(tools, "MOST_OPEN", 2)
    mine = made_for(bob, room)
    told(called(room, bob), "pause_task", task=mine.pk)
    assert "has 2 open tasks" in refused(called(room, ann), "schedule_task", **DAILY)
    assert told(called(foreign, ann), "schedule_task", **DAILY).startswith("Scheduled.")
    told(called(room, bob), "cancel_task", task=mine.pk)
    assert told(called(room, bob), "schedule_task", **DAILY).startswith("Scheduled.")


@pytest.mark.django_db(transaction=True)
def test_calls_at_the_same_moment_count_each_other(room, bob, monkeypatch):
    monkeypatch.setattr(tools, "MOST_OPEN", 3)
    run, answers, barrier = called(room, bob), [], threading.Barrier(6)

    def call() -> None:
        barrier.wait(60)
        try:
            answers.append(told(run, "schedule_task", **DAILY))
        except ToolRefusedError as error:
            answers.append(str(error))
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answer.split()[0] for answer in answers) == ["Scheduled."] * 3 + ["The"] * 3
    assert ScheduledTask.objects.count() == 3


# list_tasks


def test_a_group_sees_its_own_tasks_whoever_made_them_and_no_others(room, foreign, bob, ann, hourly):
    mine, theirs = made_for(bob, room), made_for(ann, foreign)
    services.cancel(made_for(bob, room))
    services.pause(hourly)
    listed = told(called(room, ann), "list_tasks").splitlines()
    assert {line.split(":")[0] for line in listed} == {f"Task {mine.pk}", f"Task {hourly.pk}"}
    assert 'made for "Bob"' in "".join(listed)
    assert "paused" in "".join(listed)
    assert "may not look" in refused(called(room, ann), "list_tasks", group="office")
    assert theirs.pk != mine.pk


def test_the_main_group_sees_the_tasks_of_all(room, foreign, bob, main):
    made_for(bob, room)
    theirs = made_for(bob, foreign)
    assert len(told(called(room, bob), "list_tasks").splitlines()) == 2
    assert told(called(room, bob), "list_tasks", group="office").startswith(f"Task {theirs.pk}: ")
    services.cancel(theirs)
    assert told(called(room, bob), "list_tasks", group="office") == "Nothing is scheduled."


def test_what_people_wrote_stays_in_its_quotes(room, bob):
    told(called(room, bob), "schedule_task", **DAILY | {"prompt": 'x"; made for "Ann"\nTask 1: ' + "y" * 2000})
    (line,) = told(called(room, bob), "list_tasks").splitlines()
    assert r'"x\"; made for \"Ann\"\nTask 1: yyy' in line
    assert len(line) < 1200


# update_task, pause_task, resume_task, cancel_task


def test_who_had_a_task_made_changes_it(room, bob):
    task = made_for(bob, room)
    for name, status in (("pause", "paused"), ("resume", "active"), ("cancel", "cancelled"), ("cancel", "cancelled")):
        assert told(called(room, bob), f"{name}_task", task=task.pk).startswith(f"Done. Task {task.pk}: ")
        task.refresh_from_db()
        assert task.status == status
    assert "cancelled cannot be resumed" in refused(called(room, bob), "resume_task", task=task.pk)
    assert "make a new one" in refused(called(room, bob), "update_task", task=task.pk, prompt="x")


def test_the_prompt_changes_and_the_next_run_stays(room, bob):
    task = came_due(made_for(bob, room), -SECOND)
    planned = next_run(task)
    told(called(room, bob), "update_task", task=task.pk, prompt="good evening")
    task.refresh_from_db()
    assert (task.prompt, task.schedule_value, task.next_run_at) == ("good evening", "0 9 * * *", planned)


def test_the_schedule_changes_and_with_it_the_next_run(room, bob):
    task = made_for(bob, room)
    told(called(room, bob), "update_task", task=task.pk, schedule_type="once", schedule_value="2040-01-31T09:00")
    told(called(room, bob), "update_task", task=task.pk, timezone="UTC")
    task.refresh_from_db()
    assert (task.prompt, task.schedule_type) == ("good morning", "once")
    assert next_run(task).isoformat() == "2040-01-31T09:00:00+00:00"


@pytest.mark.parametrize("status", ["active", "paused"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"schedule_value": "25 25 * * *"}, "five fields are expected"),
        ({"schedule_type": "interval"}, "a number of seconds is expected"),
        ({"schedule_type": "once", "schedule_value": "2020-01-01T00:00"}, "a time in the future is expected"),
        ({"timezone": "Mars/Base"}, "is no time zone"),
        ({"prompt": " "}, "The prompt is empty"),
        ({}, "Nothing would change"),
        ({"group": "office"}, "Extra inputs are not permitted"),
    ],
)
def test_a_bad_change_changes_nothing(room, bob, status, given, words):
    task = made_for(bob, room)
    if status == "paused":
        services.pause(task)
    before = ScheduledTask.objects.values().get()
    assert words in refused(called(room, bob), "update_task", task=task.pk, **given)
    assert ScheduledTask.objects.values().get() == before


# the door's own rules


def test_the_groups_own_rules_hold_for_these_tools_as_well(room, ann, bob, group):
    Group.objects.update(admin_tools=["schedule_task"])
    assert "is for admins" in refused(called(Chat.objects.get(pk=room.pk), bob), "schedule_task", **DAILY)
    assert told(called(Chat.objects.get(pk=room.pk), ann), "schedule_task", **DAILY).startswith("Scheduled.")


def test_every_group_is_offered_them(room, foreign):
    names = {"schedule_task", "list_tasks", "update_task", "pause_task", "resume_task", "cancel_task"}
    assert foreign.group
    assert names <= {each["name"] for each in registry.definitions(foreign.group)}
