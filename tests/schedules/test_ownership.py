"""Which runs change which tasks, through the door that an agent's calls take."""

import pytest

from apps.agents.models import Run
from apps.agents.toolkit.registry import ToolRefusedError
from apps.schedules import services, tools
from apps.schedules.models import ScheduledTask, TaskStatus
from tests.schedules.support import DAILY, SECOND, begun, called, came_due, fired, incidents, made_for, refused, told

CHANGES = [("update_task", {"prompt": "x"}), ("pause_task", {}), ("resume_task", {}), ("cancel_task", {})]


@pytest.mark.parametrize(("name", "given"), CHANGES)
def test_others_tasks_are_for_admins(room, ann, bob, carol, hourly, name, given):
    task, before = made_for(bob, room), ScheduledTask.objects.order_by("pk").values()
    held = list(before.all())
    for callers in ([carol], [bob, carol], [bob, None], [bob, ann]):
        assert "was made for Bob" in refused(called(room, *callers), name, task=task.pk, **given)
    assert "for no single sender" in refused(called(room, bob), name, task=hourly.pk, **given)
    assert len(incidents()) == 2
    assert list(before.all()) == held
    for number in (task.pk, hourly.pk):
        assert told(called(room, ann), name, task=number, **given).startswith("Done.")


def test_a_task_that_several_called_for_is_for_admins(room, ann, bob, carol):
    told(called(room, bob, carol), "schedule_task", **DAILY)
    task = ScheduledTask.objects.get()
    assert task.created_by is None
    assert "for no single sender" in refused(called(room, bob), "cancel_task", task=task.pk)
    assert told(called(room, ann), "cancel_task", task=task.pk).startswith("Done.")


def test_a_task_whose_sender_is_gone_is_for_admins(room, bob, carol):
    task = made_for(bob, room)
    bob.delete()
    assert "for no single sender" in refused(called(room, carol), "cancel_task", task=task.pk)
    assert "for no single sender" in refused(called(room, None), "cancel_task", task=task.pk)


@pytest.mark.parametrize(("name", "given"), CHANGES)
def test_another_groups_task_is_out_of_reach_even_for_who_had_it_made(room, foreign, ann, name, given):
    theirs = made_for(ann, foreign)
    said = refused(called(room, ann), name, task=theirs.pk, **given)
    assert said == f"Task {theirs.pk} is none of the group family, and others are not its to change."
    assert incidents() == [said]
    nothing = refused(called(room, ann), name, task=10**30, **given)
    assert nothing.replace(str(10**30), str(theirs.pk)) == said
    assert len(incidents()) == 1
    theirs.refresh_from_db()
    assert (theirs.status, theirs.prompt) == (TaskStatus.ACTIVE, "good morning")


@pytest.mark.parametrize(("name", "given"), CHANGES)
def test_the_main_groups_admins_change_the_tasks_of_all_and_its_members_their_own(
    room, foreign, ann, bob, carol, main, name, given
):
    theirs = made_for(bob, foreign)
    assert "was made for Bob" in refused(called(room, carol), name, task=theirs.pk, **given)
    assert "group office" in told(called(room, bob), name, task=theirs.pk, **given)
    assert "There is no task" in refused(called(room, ann), name, task=theirs.pk + 1, **given)
    other = made_for(bob, foreign)
    assert "group office" in told(called(room, ann), name, task=other.pk, **given)


# runs that nobody called


def test_a_scheduled_run_ends_the_task_behind_it_and_changes_nothing_else(room, bob, hourly):
    task, other = made_for(bob, room), made_for(bob, room)
    run = begun(fired(came_due(task, SECOND)))
    assert len(told(run, "list_tasks").splitlines()) == 3
    for name, given in CHANGES:
        for number in (other.pk, hourly.pk):
            assert "The timetable began this run" in refused(run, name, task=number, **given)
    assert "The timetable began" in refused(run, "update_task", task=task.pk, prompt="x")
    assert told(run, "pause_task", task=task.pk).startswith("Done.")
    assert "The timetable began" in refused(run, "resume_task", task=task.pk)
    assert told(run, "cancel_task", task=task.pk).startswith("Done.")
    assert set(ScheduledTask.objects.open().values_list("pk", flat=True)) == {other.pk, hourly.pk}


@pytest.mark.parametrize("cause", [Run.Cause.SCHEDULE, Run.Cause.REQUEST])
def test_who_calls_in_the_middle_of_a_run_that_he_did_not_begin_lends_it_no_standing(room, bob, carol, cause):
    task = made_for(bob, room)
    run = begun(fired(came_due(made_for(carol, room), SECOND)), bob)
    run.cause = cause
    refused(run, "cancel_task", task=task.pk)
    told(run, "schedule_task", **DAILY | {"prompt": "for whom?"})
    assert ScheduledTask.objects.get(prompt="for whom?").created_by is None
    assert told(called(room, bob), "cancel_task", task=task.pk).startswith("Done.")


def test_an_admins_task_lends_its_run_no_admins_standing(room, foreign, ann, bob, main):
    run = begun(fired(came_due(made_for(ann, room), SECOND)))
    assert "The timetable began" in refused(run, "cancel_task", task=made_for(bob, room).pk)
    assert "for admins" in refused(run, "schedule_task", group="office", **DAILY)


def test_what_a_scheduled_run_makes_belongs_to_whom_the_task_behind_it_does(room, bob, carol):
    run = begun(fired(came_due(made_for(bob, room), SECOND)))
    told(run, "schedule_task", **DAILY | {"prompt": "once more"})
    child = ScheduledTask.objects.get(prompt="once more")
    assert (child.created_by, child.created_in, child.chat) == (bob, run, room)
    assert "was made for Bob" in refused(called(room, carol), "cancel_task", task=child.pk)
    assert told(called(room, bob), "cancel_task", task=child.pk).startswith("Done.")


def test_tasks_that_make_tasks_do_not_multiply_without_end(room, bob, monkeypatch):
    monkeypatch.setattr(tools, "MOST_OPEN", 5)
    made_for(bob, room)
    answers = [breed(ScheduledTask.objects.latest("pk")) for _ in range(5)]
    assert answers[:4] == ["Scheduled."] * 4
    assert "has 5 open tasks" in answers[4]
    assert ScheduledTask.objects.open().count() == 5


def breed(task: ScheduledTask) -> str:
    """What a run of the task hears that makes another one like it."""
    run = begun(services.run_now(task))
    try:
        return told(run, "schedule_task", **DAILY | {"prompt": f"more {run.pk}"}).split()[0]
    except ToolRefusedError as error:
        return str(error)
