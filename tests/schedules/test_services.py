import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.agents.models import Run
from apps.chats.models import Chat, Group, Incident
from apps.chats.services import create_group, web_chat
from apps.schedules import services
from apps.schedules.models import ScheduledTask, TaskRun, TaskStatus
from tests.schedules.support import came_due, fired, next_run

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def once(group, *, missed="once") -> ScheduledTask:
    tomorrow = timezone.now().astimezone(ZoneInfo("America/New_York")) + timedelta(days=1)
    return services.create_task(
        group=group,
        prompt="call grandma",
        schedule_type="once",
        schedule_value=tomorrow.strftime("%Y-%m-%dT%H:%M:%S"),
        missed=missed,
    )


def test_a_new_task_has_the_groups_zone_and_a_next_run(group):
    task = services.create_task(group=group, prompt="hello", schedule_type="cron", schedule_value=" 0 9 * * * ")
    assert task.timezone == "America/New_York"
    assert next_run(task).astimezone(ZoneInfo("America/New_York")).hour == 9
    assert next_run(task) > timezone.now()


@pytest.mark.parametrize(
    ("kind", "words"),
    [("cron", "not a cron"), ("interval", "abc"), ("interval", "0"), ("interval", "-5"), ("once", "2020-01-01T00:00")],
)
def test_a_bad_schedule_is_a_sentence_and_nothing_is_stored(group, kind, words):
    with pytest.raises(ValidationError, match=r"expected|possible") as caught:
        services.create_task(group=group, prompt="hello", schedule_type=kind, schedule_value=words)
    assert list(caught.value.message_dict) == ["schedule_value"]
    assert not ScheduledTask.objects.exists()


def test_an_unknown_zone_and_somebody_elses_chat_are_refused(group):
    other = web_chat(create_group(folder="work"))
    with pytest.raises(ValidationError, match="is no time zone"):
        services.create_task(
            group=group, prompt="hello", schedule_type="interval", schedule_value="1h", timezone="Mars/Base"
        )
    with pytest.raises(ValidationError, match="does not belong to the group"):
        services.create_task(group=group, prompt="hello", schedule_type="interval", schedule_value="1h", chat=other)


def test_a_due_slot_becomes_a_run_on_the_groups_chat_page(hourly):
    slot = came_due(hourly, SECOND).next_run_at
    run = fired(hourly)
    assert (run.cause, run.prompt, run.status) == (Run.Cause.SCHEDULE, "water the plants", Run.Status.QUEUED)
    assert run.chat == web_chat(hourly.group)
    assert TaskRun.objects.get().slot == slot


def test_a_slot_that_is_not_due_is_not_fired(hourly):
    assert services.fire(hourly.pk) is None
    assert not Run.objects.exists()


def test_a_bell_that_rings_twice_runs_once(hourly):
    came_due(hourly, SECOND)
    assert services.fire(hourly.pk)
    assert services.fire(hourly.pk) is None
    assert Run.objects.count() == 1


def test_the_next_slot_keeps_the_grid_however_late_the_run_was(hourly):
    slot = next_run(came_due(hourly, 7 * SECOND))
    services.fire(hourly.pk)
    hourly.refresh_from_db()
    assert hourly.next_run_at == slot + HOUR


def test_the_chosen_chat_gets_the_answer(group):
    chat = Chat.objects.create(channel=web_chat(group).channel, external_id="elsewhere", group=group)
    task = services.create_task(
        group=group, prompt="hi", schedule_type="interval", schedule_value="1h", chat=chat, thread_id="7"
    )
    run = fired(came_due(task, SECOND))
    assert (run.chat, run.thread_id) == (chat, "7")


def test_ten_missed_slots_are_one_run(hourly):
    came_due(hourly, 10 * HOUR + 5 * MINUTE)
    assert services.fire(hourly.pk)
    assert services.fire(hourly.pk) is None
    hourly.refresh_from_db()
    assert TaskRun.objects.count() == 1
    assert hourly.next_run_at > timezone.now()


def test_ten_missed_slots_are_none_where_the_task_skips_them(hourly):
    ScheduledTask.objects.update(missed="skip")
    came_due(hourly, 10 * HOUR + 5 * MINUTE)
    assert services.fire(hourly.pk) is None
    hourly.refresh_from_db()
    assert not Run.objects.exists()
    assert hourly.status == TaskStatus.ACTIVE
    assert hourly.next_run_at > timezone.now()
    assert "skipped" in Incident.objects.get().sentence


def test_a_slot_that_is_a_little_late_is_not_missed(hourly):
    ScheduledTask.objects.update(missed="skip")
    came_due(hourly, 5 * SECOND)
    assert services.fire(hourly.pk)


def test_once_fires_once_and_is_completed(group):
    task = once(group)
    came_due_once(task, SECOND)
    assert services.fire(task.pk)
    assert services.fire(task.pk) is None
    task.refresh_from_db()
    assert (task.status, task.next_run_at) == (TaskStatus.COMPLETED, None)


def test_a_missed_once_is_made_up_for_or_said_to_be_skipped(group):
    kept, skipped = once(group), once(group, missed="skip")
    came_due_once(kept, HOUR)
    came_due_once(skipped, HOUR)
    assert services.fire(kept.pk)
    assert services.fire(skipped.pk) is None
    assert ScheduledTask.objects.get(pk=skipped.pk).status == TaskStatus.COMPLETED
    assert "Missed at" in Incident.objects.get().sentence


def came_due_once(task: ScheduledTask, ago: timedelta) -> None:
    slot = timezone.now() - ago
    ScheduledTask.objects.filter(pk=task.pk).update(next_run_at=slot, schedule_value=slot.isoformat())


def test_pause_stops_it_and_resume_plans_the_future(hourly):
    services.pause(came_due(hourly, 3 * HOUR + MINUTE))
    assert services.fire(hourly.pk) is None
    services.resume(hourly)
    assert hourly.status == TaskStatus.ACTIVE
    assert hourly.next_run_at > timezone.now()
    assert not Run.objects.exists()


def test_a_cancelled_task_is_not_revived(hourly):
    run = fired(came_due(hourly, SECOND))
    services.cancel(hourly)
    Run.objects.filter(pk=run.pk).update(status=Run.Status.SUCCEEDED)
    assert services.fire(hourly.pk) is None
    assert (hourly.status, hourly.next_run_at) == (TaskStatus.CANCELLED, None)
    with pytest.raises(services.TaskError, match="cancelled cannot be resumed"):
        services.resume(hourly)
    with pytest.raises(services.TaskError, match="cannot become paused"):
        services.pause(hourly)


def test_a_once_whose_time_passed_while_paused_cannot_be_resumed(group):
    task = once(group)
    services.pause(task)
    ScheduledTask.objects.filter(pk=task.pk).update(schedule_value="2020-01-01T00:00")
    with pytest.raises(services.TaskError, match="is past"):
        services.resume(task)


@pytest.mark.parametrize("verb", [services.pause, services.resume, services.cancel, services.change, services.run_now])
def test_a_task_that_was_deleted_meanwhile_is_said(hourly, verb):
    ScheduledTask.objects.filter(pk=hourly.pk).delete()
    with pytest.raises(services.TaskError, match="was deleted meanwhile"):
        verb(hourly)


def test_a_failed_run_is_followed_by_the_next_slot(hourly):
    failed = fired(came_due(hourly, SECOND))
    Run.objects.filter(pk=failed.pk).update(status=Run.Status.FAILED)
    slot = ScheduledTask.objects.get().next_run_at
    ScheduledTask.objects.update(next_run_at=timezone.now() - SECOND)
    following = fired(hourly)
    assert slot
    assert following.pk != failed.pk


def test_a_run_that_nobody_has_begun_serves_the_next_slot_too(hourly):
    first = fired(came_due(hourly, SECOND))
    ScheduledTask.objects.update(next_run_at=timezone.now() - SECOND)
    assert services.fire(hourly.pk) == first
    assert TaskRun.objects.count() == 2
    Run.objects.update(status=Run.Status.RUNNING)
    ScheduledTask.objects.update(next_run_at=timezone.now() - SECOND)
    assert services.fire(hourly.pk) != first


def test_isolated_runs_have_a_memory_of_their_own(group, hourly):
    isolated = services.create_task(
        group=group, prompt="alone", schedule_type="interval", schedule_value="1h", context_mode="isolated"
    )
    shared = fired(came_due(hourly, SECOND))
    first = fired(came_due(isolated, SECOND))
    Run.objects.filter(pk=first.pk).update(status=Run.Status.SUCCEEDED)
    second = fired(came_due(isolated, timedelta()))
    assert shared.session.key == "group"
    assert len({shared.session_id, first.session_id, second.session_id}) == 3


def test_a_group_that_is_gone_pauses_its_tasks_and_says_so(hourly):
    came_due(hourly, SECOND)
    Group.objects.all().delete()
    assert services.fire(hourly.pk) is None
    hourly.refresh_from_db()
    assert hourly.status == TaskStatus.PAUSED
    assert Incident.objects.get().sentence == "Its group is gone. The task is paused."
    with pytest.raises(services.TaskError, match="group is gone"):
        services.resume(hourly)


def test_a_chat_that_another_group_took_over_pauses_the_task(group):
    chat = Chat.objects.create(channel=web_chat(group).channel, external_id="elsewhere", group=group)
    task = services.create_task(group=group, prompt="hi", schedule_type="interval", schedule_value="1h", chat=chat)
    Chat.objects.filter(pk=chat.pk).update(group=create_group(folder="work"))
    assert services.fire(came_due(task, SECOND).pk) is None
    assert "no longer belongs" in Incident.objects.get().sentence


def test_a_schedule_that_cannot_be_read_any_more_is_paused_and_the_next_one_is_served(group, hourly):
    broken = services.create_task(group=group, prompt="hi", schedule_type="cron", schedule_value="0 9 * * *")
    came_due(broken, HOUR)
    came_due(hourly, 6 * SECOND)
    ScheduledTask.objects.filter(pk=broken.pk).update(timezone="Mars/Base")
    services.sweep()
    broken.refresh_from_db()
    assert broken.status == TaskStatus.PAUSED
    assert "is no time zone" in Incident.objects.get().sentence
    assert Run.objects.get().prompt == "water the plants"


def test_run_now_leaves_the_timetable_alone_and_a_double_click_is_one(hourly, monkeypatch):
    monkeypatch.setattr(services, "TWICE", MINUTE)
    planned = hourly.next_run_at
    first = services.run_now(hourly)
    Run.objects.update(status=Run.Status.RUNNING)
    assert services.run_now(hourly) == first
    TaskRun.objects.update(created_at=timezone.now() - 2 * MINUTE)
    assert services.run_now(hourly) != first
    hourly.refresh_from_db()
    assert hourly.next_run_at == planned


def test_the_sweep_takes_a_slot_whose_ring_was_lost(hourly):
    came_due(hourly, 6 * SECOND)
    services.sweep()
    assert Run.objects.count() == 1


def test_the_sweep_leaves_a_fresh_slot_to_the_bell(hourly, monkeypatch):
    monkeypatch.setattr(services, "RING_LOST", MINUTE)  # a machine that stands still must not make it an old one
    came_due(hourly, SECOND)
    services.sweep()
    assert not Run.objects.exists()


def test_the_database_refuses_a_slot_that_was_taken(hourly):
    slot = timezone.now()
    TaskRun.objects.create(task=hourly, slot=slot)
    with pytest.raises(IntegrityError, match=r"one_task_run_per_slot|UNIQUE"), transaction.atomic():
        TaskRun.objects.create(task=hourly, slot=slot)


def test_a_slot_that_was_taken_by_another_beat_is_passed_over(hourly):
    came_due(hourly, SECOND)
    TaskRun.objects.create(task=hourly, slot=hourly.next_run_at)
    assert services.fire(hourly.pk) is None
    hourly.refresh_from_db()
    assert hourly.next_run_at > timezone.now()


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_the_same_moment_run_a_slot_once(hourly):
    came_due(hourly, SECOND)
    barrier, runs = threading.Barrier(4), []

    def ring():
        barrier.wait(60)
        runs.append(services.fire(hourly.pk))
        connection.close()

    threads = [threading.Thread(target=ring) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(runs) == 4
    assert len([run for run in runs if run]) == 1
    assert Run.objects.count() == TaskRun.objects.count() == 1


def test_nine_in_new_york_is_planned_as_such(group):
    task = services.create_task(group=group, prompt="hello", schedule_type="cron", schedule_value="0 9 * * *")
    january = datetime(2027, 1, 10, tzinfo=ZoneInfo("UTC"))
    assert task.schedule.next_after(january) == january.replace(hour=14)
