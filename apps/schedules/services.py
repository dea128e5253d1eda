"""Planning, and what happens when the time comes."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.agents.models import Run, Session
from apps.agents.services import request_run
from apps.chats.incidents import record
from apps.chats.models import Chat, Group
from apps.chats.services import web_chat
from apps.schedules import beat
from apps.schedules.expressions import ScheduleError, upcoming
from apps.schedules.models import ScheduledTask, TaskRun, TaskStatus

logger = logging.getLogger(__name__)

EARLY = timedelta(seconds=0.5)  # beat's clock may be ahead of this machine's
ON_TIME = timedelta(seconds=15)  # a slot that is older was missed: the service was down
RING_LOST = timedelta(seconds=5)  # after that the sweep takes the slot itself
TWICE = timedelta(seconds=3)  # two clicks on “run now” within that are one
SCHEDULE = {"schedule_type", "schedule_value", "timezone"}


class TaskError(Exception):
    """What was asked is not possible in this state; the sentence says why."""


@transaction.atomic
def create_task(*, group: Group, prompt: str, schedule_type: str, schedule_value: str, **fields: Any) -> ScheduledTask:
    """Raises ValidationError, with nothing stored."""
    task = ScheduledTask(
        group=group, prompt=prompt, schedule_type=schedule_type, schedule_value=schedule_value.strip(), **fields
    )
    task.full_clean(exclude=["next_run_at"], validate_constraints=False)
    plan(task)
    return task


@transaction.atomic
def plan(task: ScheduledTask) -> None:
    """Saves a task with its next run; raises ScheduleError."""
    now = timezone.now()
    if task.status == TaskStatus.ACTIVE:
        task.next_run_at = upcoming(task.schedule, now)
    task.save()
    beat.mirror(task, now)
    logger.info("scheduled task %s is %s, next run %s", task.pk, task.status, task.next_run_at)


@transaction.atomic
def change(task: ScheduledTask, **changes: Any) -> None:
    """The next run stays unless the schedule changes. Raises ValidationError, ScheduleError, TaskError."""
    row = _locked(task)
    if sentence := ended(row):
        raise TaskError(sentence)
    for name, value in changes.items():
        setattr(row, name, value)
    row.full_clean(exclude=["next_run_at"], validate_constraints=False)
    if SCHEDULE & changes.keys():
        upcoming(row.schedule, timezone.now())  # a paused one must come true as well
        plan(row)
    else:
        row.save(update_fields=list(changes))
    task.refresh_from_db()


def ended(task: ScheduledTask) -> str:
    """Why it can no longer be changed, or an empty string."""
    if task.status in (TaskStatus.ACTIVE, TaskStatus.PAUSED):
        return ""
    return _("A task that is %s cannot be changed; make a new one.") % task.get_status_display()


@transaction.atomic
def pause(task: ScheduledTask) -> None:
    _leave(_locked(task), TaskStatus.PAUSED, allowed=(TaskStatus.ACTIVE, TaskStatus.PAUSED))
    task.refresh_from_db()


@transaction.atomic
def cancel(task: ScheduledTask) -> None:
    """For good; a run in progress ends as it would, and does not revive it."""
    _leave(_locked(task), TaskStatus.CANCELLED, allowed=tuple(TaskStatus))
    task.refresh_from_db()


@transaction.atomic
def delete(task: ScheduledTask) -> None:
    """With what beat was told of it, where its words stand, too; its runs stay in the history."""
    task.next_run_at = None
    beat.mirror(task, timezone.now())
    task.delete()


@transaction.atomic
def resume(task: ScheduledTask) -> None:
    """With the next slot in the future; what passed meanwhile is not made up for."""
    row, now = _locked(task), timezone.now()
    if row.status not in (TaskStatus.PAUSED, TaskStatus.ACTIVE):
        raise TaskError(_("A task that is %s cannot be resumed; make a new one.") % row.get_status_display())
    if sentence := _homeless(row):
        raise TaskError(sentence)
    if row.status == TaskStatus.PAUSED:
        try:
            row.move(TaskStatus.ACTIVE, upcoming(row.schedule, now))
        except ScheduleError as error:
            raise TaskError(_("It cannot be resumed: %s") % error) from error
        beat.mirror(row, now)
    task.refresh_from_db()


@transaction.atomic
def run_now(task: ScheduledTask) -> Run:
    """Once, beside the timetable; a second click finds the first one's run."""
    row, now = _locked(task), timezone.now()
    if sentence := _homeless(row):
        raise TaskError(sentence)
    recent = row.task_runs.filter(created_at__gt=now - TWICE, run__isnull=False).select_related("run").first()
    if recent and recent.run:
        return recent.run
    run = _take(row, slot=now)
    assert run is not None, "the row is locked, and no other slot has this microsecond"
    row.last_run_at = now
    row.save(update_fields=["last_run_at"])
    return run


@transaction.atomic
def fire(task_id: int) -> Run | None:
    """Takes the slot whose time has come, if nobody has yet, and plans the next one."""
    row, now = ScheduledTask.objects.select_for_update().filter(pk=task_id).first(), timezone.now()
    if row is None or row.status != TaskStatus.ACTIVE or row.next_run_at is None or row.next_run_at > now + EARLY:
        return None
    if sentence := _homeless(row):
        record("schedule", row, sentence + " " + _("The task is paused."))
        _leave(row, TaskStatus.PAUSED)
        return None
    try:
        return _fire(row, max(now, row.next_run_at))
    except ScheduleError as error:  # the zone's rules or the expression's reading changed with an update
        record("schedule", row, f"{error} " + _("The task is paused."))
        _leave(row, TaskStatus.PAUSED)
        return None


def sweep() -> None:
    """Slots whose ring was lost are taken; used bells are put away."""
    now = timezone.now()
    for task_id in ScheduledTask.objects.overdue(now - RING_LOST).values_list("pk", flat=True)[:500]:
        try:
            fire(task_id)
        except Exception:  # one task's defect must not hold up the others, time after time
            logger.exception("scheduled task %s could not be fired", task_id)
    beat.remove_used(now)


def _fire(task: ScheduledTask, now: datetime) -> Run | None:
    slot, schedule = _slot(task, now), task.schedule
    run = _take(task, slot) if slot else None
    if slot is None:
        said = _("Missed at %s UTC, and skipped as the task says.")
        record("schedule", task, said % f"{task.next_run_at:%Y-%m-%d %H:%M}")
    following = schedule.next_after(now)
    task.move(
        TaskStatus.ACTIVE if following else TaskStatus.COMPLETED,
        following,
        last_run_at=now if slot else task.last_run_at,
    )
    beat.mirror(task, now)
    return run


def _slot(task: ScheduledTask, now: datetime) -> datetime | None:
    """The one slot to run of those that are due: the first that is on time, else one for all of them or none."""
    assert task.next_run_at is not None
    if task.next_run_at >= now - ON_TIME:
        return task.next_run_at
    recent = task.schedule.next_after(now - ON_TIME)
    if recent and recent <= now:
        return recent
    return task.next_run_at if task.missed == ScheduledTask.Missed.ONCE else None


def _take(task: ScheduledTask, slot: datetime) -> Run | None:
    """The run of this slot; None when the slot is taken already."""
    assert task.group is not None
    try:
        with transaction.atomic():
            taken = TaskRun.objects.create(task=task, slot=slot)
    except IntegrityError:
        return None
    chat, thread_id = (task.chat, task.thread_id) if task.chat else (web_chat(task.group), "")
    taken.run = _waiting_run(task, chat) or request_run(
        task.group,
        chat=chat,
        thread_id=thread_id,
        cause=Run.Cause.SCHEDULE,
        prompt=task.prompt,
        session=_own_session(task, task.group, slot),
    )
    taken.save(update_fields=["run"])
    return taken.run


def _waiting_run(task: ScheduledTask, chat: Chat) -> Run | None:
    """The run of an earlier slot that nobody began serves this one too: a slow task's runs never pile up."""
    return Run.objects.filter(
        task_runs__task=task, status=Run.Status.QUEUED, attempt=0, prompt=task.prompt, chat=chat
    ).first()


def _own_session(task: ScheduledTask, group: Group, slot: datetime) -> Session | None:
    if task.context_mode == ScheduledTask.Context.GROUP:
        return None
    return Session.objects.create(group=group, key=f"task:{task.pk}:{slot.isoformat()}")


def _homeless(task: ScheduledTask) -> str:
    """Why it has nowhere to run, or an empty string."""
    if task.group is None:
        return _("Its group is gone.")
    if task.chat and task.chat.group_id != task.group_id:
        said = _("Its chat %(chat)s no longer belongs to the group %(group)s.")
        return said % {"chat": task.chat, "group": task.group}
    return ""


def _leave(task: ScheduledTask, status: TaskStatus, allowed: tuple[str, ...] = ()) -> None:
    if allowed and task.status not in allowed:
        said = _("A task that is %(status)s cannot become %(other)s.")
        raise TaskError(said % {"status": task.get_status_display(), "other": status.label})
    task.move(status)
    beat.mirror(task, timezone.now())


def _locked(task: ScheduledTask) -> ScheduledTask:
    """Raises TaskError."""
    if row := ScheduledTask.objects.select_for_update().filter(pk=task.pk).first():
        return row
    raise TaskError(_("The task was deleted meanwhile."))
