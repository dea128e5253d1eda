"""Whose a scheduled task is, and which runs may change it.

Everybody of a group may see its timetable. A run changes a task when it acts for admins only, or for nobody but the
sender who had the task made; what was made in the admin, by the API, or for several callers at once is for admins.

A scheduled run was called by nobody, and what it reads others may have written: it leaves the timetable as it is, also
once somebody has called in the middle of it. But it may end the very task that it is a run of, as in “look every hour
until the parcel is there”: doing nothing from now on would come to the same. A request's run changes no task either.
"""

from apps.agents import authorization
from apps.agents.models import Run
from apps.agents.toolkit.registry import ForbiddenError, ToolRefusedError
from apps.schedules.models import ScheduledTask, ScheduledTaskQuerySet


def visible(run: Run) -> ScheduledTaskQuerySet:
    """The tasks of the run's group; the main group sees those of all."""
    tasks = ScheduledTask.objects.select_related("group", "chat__channel", "created_by")
    return tasks if run.group.is_main else tasks.filter(group=run.group)


def task_to_change(run: Run, number: int, *, to_end: bool = False) -> ScheduledTask:
    """The task that the run may change, or at least end; raises ToolRefusedError."""
    task = visible(run).filter(pk=number).first()
    if task is None:
        raise _not_there(run, number)
    if not (authorization.is_admins(run) or _is_callers_own(run, task) or (to_end and _began(task, run))):
        raise ForbiddenError(_refusal(run, task))
    return task


def owner(run: Run) -> int | None:
    """The sender to whom a task belongs that this run makes: whoever alone is behind the run, if anybody is."""
    behind = run.callers | _began_for(run)
    return next(iter(behind)) if len(behind) == 1 else None


def _began_for(run: Run) -> frozenset[int | None]:
    """Who had begun it before anybody called; a scheduled run is begun for whom its task belongs to."""
    if run.cause == Run.Cause.MESSAGE:
        return frozenset()
    if run.cause == Run.Cause.SCHEDULE and (task := ScheduledTask.objects.filter(task_runs__run=run).first()):
        return frozenset({task.created_by_id})
    return frozenset({None})


def _is_callers_own(run: Run, task: ScheduledTask) -> bool:
    is_called = run.cause == Run.Cause.MESSAGE
    return is_called and task.created_by_id is not None and run.callers == {task.created_by_id}


def _began(task: ScheduledTask, run: Run) -> bool:
    return task.task_runs.filter(run=run).exists()


def _not_there(run: Run, number: int) -> ToolRefusedError:
    """The agent hears the same of another group's task and of none; of the first the admin hears as well."""
    if run.group.is_main:
        return ToolRefusedError(f"There is no task {number}; list_tasks names those that there are.")
    sentence = f"Task {number} is none of the group {run.group.folder}, and others are not its to change."
    there = ScheduledTask.objects.filter(pk=number).exists()
    return ForbiddenError(sentence) if there else ToolRefusedError(sentence)


def _refusal(run: Run, task: ScheduledTask) -> str:
    if run.cause == Run.Cause.SCHEDULE:
        return (
            f"The timetable began this run: it may pause or cancel the task behind it, and not change task {task.pk}."
        )
    if task.created_by is None:
        return f"Task {task.pk} was made for no single sender: only admins may change it."
    name = str(task.created_by)[:60]
    return f"Task {task.pk} was made for {name}: nobody else may change it but admins, and each who called counts."
