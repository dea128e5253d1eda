"""What the agent may ask of the timetable; who may change which task, `ownership` decides."""

import json
from collections.abc import Callable
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field

from apps.agents import authorization
from apps.agents.models import Run
from apps.agents.toolkit.registry import ForbiddenError, ToolRefusedError, tool
from apps.agents.tools.targets import CHAT, GROUP, chat_named, group_named
from apps.chats.models import Chat, Group
from apps.chats.services import storable
from apps.schedules import ownership, services
from apps.schedules.expressions import ScheduleError
from apps.schedules.models import ScheduledTask

MOST_OPEN = 50  # tasks of one group that agents may have open: tasks that make tasks do not multiply without end
MOST_LISTED = 100
LONGEST_PROMPT = 32_000  # characters
CUT = 800  # of them in a list

VALUE = "cron: five fields, `0 9 * * 1-5`; interval: `30s`, `15m`, `2h`, `7d`; once: local time, `2030-01-31T09:00`."
ZONE = "Such as Europe/Berlin; empty: the group's."


class ScheduleTask(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(max_length=LONGEST_PROMPT, description="What you will be told when the time comes.")
    schedule_type: Literal["cron", "interval", "once"]
    schedule_value: str = Field(max_length=100, description=VALUE)
    timezone: str = Field(default="", max_length=64, description=ZONE)
    context_mode: Literal["group", "isolated"] = Field(
        default="group", description="group: you will remember the conversation; isolated: the prompt alone must do."
    )
    chat: str = Field(default="", max_length=300, description=CHAT)
    group: str = Field(default="", max_length=64, description=GROUP)


@tool("schedule_task", "Have yourself run later, once or again and again; the answer goes to the chat.", ScheduleTask)
def schedule_task(run: Run, given: ScheduleTask) -> str:
    group, chat, thread_id = _place(run, given)
    if group != run.group and not authorization.is_admins(run):
        raise ForbiddenError(f"The timetable of the group {group.folder} is for admins: everybody who called counts.")
    wanted = {
        **given.model_dump(include={"schedule_type", "context_mode"}),
        "prompt": storable(given.prompt),
        "schedule_value": storable(given.schedule_value).strip(),
        "timezone": storable(given.timezone) or group.timezone,
        "group": group,
        "chat": chat,
        "thread_id": thread_id,
    }
    if made := _made_before(run, wanted):
        return f"An earlier attempt of this run made it already. {_line(made, run)}"
    try:
        return f"Scheduled. {_line(_make(run, wanted), run)}"
    except (ValidationError, ScheduleError) as error:
        raise _refused(error) from error


def _place(run: Run, given: ScheduleTask) -> tuple[Group, Chat | None, str]:
    """The task's group, its chat (None: the group's page) and thread; raises ToolRefusedError."""
    group = group_named(run, given.group)
    if not given.chat:
        return (group, run.chat, run.thread_id) if group == run.group else (group, None, "")
    chat = chat_named(run, given.chat)
    assert chat.group, "only registered chats are reachable"
    if given.group and chat.group != group:
        raise ToolRefusedError(f"{given.chat} is no chat of the group {group.folder}.")
    return chat.group, chat, run.thread_id if chat == run.chat else ""


@transaction.atomic
def _make(run: Run, wanted: dict[str, Any]) -> ScheduledTask:
    group = Group.objects.select_for_update(no_key=True).get(pk=wanted["group"].pk)  # two calls count each other
    if ScheduledTask.objects.open().filter(group=group).count() >= MOST_OPEN:
        raise ToolRefusedError(
            f"The group {group.folder} has {MOST_OPEN} open tasks, and that is all it may have: cancel one first."
        )
    return services.create_task(**wanted, created_by_id=ownership.owner(run), created_in=run)


def _made_before(run: Run, wanted: dict[str, Any]) -> ScheduledTask | None:
    """By an earlier attempt; no query at the first one."""
    if not run.begun_before or run.started_at is None:
        return None
    return ownership.visible(run).filter(created_in=run, created_at__lt=run.started_at, **wanted).first()


class ListTasks(BaseModel):
    model_config = ConfigDict(extra="forbid")

    group: str = Field(default="", max_length=64, description="The main group only: the folder of one; empty: all.")


@tool("list_tasks", "List the scheduled tasks that are active or paused.", ListTasks)
def list_tasks(run: Run, given: ListTasks) -> str:
    tasks = ownership.visible(run).open().order_by("next_run_at", "pk")
    if given.group:
        tasks = tasks.filter(group=group_named(run, given.group))
    lines = [_line(task, run) for task in tasks[:MOST_LISTED]]
    if len(lines) == MOST_LISTED:
        lines.append(f"Not more than {MOST_LISTED} are listed.")
    return "\n".join(lines) or "Nothing is scheduled."


class OneTask(BaseModel):
    model_config = ConfigDict(extra="forbid")

    task: int = Field(ge=1, description="Its number, as list_tasks names it.")


class UpdateTask(OneTask):
    prompt: str = Field(default="", max_length=LONGEST_PROMPT)
    schedule_type: Literal["", "cron", "interval", "once"] = ""
    schedule_value: str = Field(default="", max_length=100, description="As schedule_task takes it.")
    timezone: str = Field(default="", max_length=64)


@tool("update_task", "Change a scheduled task's prompt or schedule; what is left out stays.", UpdateTask)
def update_task(run: Run, given: UpdateTask) -> str:
    changes = given.model_dump(exclude={"task"}, exclude_defaults=True)
    if not changes:
        raise ToolRefusedError("Nothing would change: give a prompt, a schedule or a time zone.")
    return _done(run, given.task, lambda task: services.change(task, **_clean(changes)))


@tool("pause_task", "Pause a scheduled task until it is resumed.", OneTask)
def pause_task(run: Run, given: OneTask) -> str:
    return _done(run, given.task, services.pause, to_end=True)


@tool("resume_task", "Let a paused task go on, with its next run in the future.", OneTask)
def resume_task(run: Run, given: OneTask) -> str:
    return _done(run, given.task, services.resume)


@tool("cancel_task", "Cancel a scheduled task for good.", OneTask)
def cancel_task(run: Run, given: OneTask) -> str:
    return _done(run, given.task, services.cancel, to_end=True)


def _done(run: Run, number: int, verb: Callable[[ScheduledTask], None], *, to_end: bool = False) -> str:
    task = ownership.task_to_change(run, number, to_end=to_end)
    try:
        verb(task)
    except (ValidationError, ScheduleError) as error:
        raise _refused(error) from error
    except services.TaskError as error:
        raise ToolRefusedError(str(error)) from error
    return f"Done. {_line(task, run)}"


def _clean(changes: dict[str, str]) -> dict[str, str]:
    return {name: storable(value) for name, value in changes.items()}


def _refused(error: ValidationError | ScheduleError) -> ToolRefusedError:
    sentences = error.messages if isinstance(error, ValidationError) else [str(error)]
    return ToolRefusedError(" ".join(dict.fromkeys(sentences)))


def _line(task: ScheduledTask, run: Run) -> str:
    """All of it on one line; what people wrote stays inside its quotes."""
    words = task.prompt if len(task.prompt) <= CUT else f"{task.prompt[:CUT]}…"
    state = str(task.status)
    if task.next_run_at:
        state = f"next run {task.next_run_at.astimezone(ZoneInfo(run.group.timezone)).isoformat(timespec='minutes')}"
    parts = [
        f"{task.schedule_type} {task.schedule_value} ({task.timezone})",
        state,
        f"memory {task.context_mode}",
        f"answers to {task.chat.jid}" if task.chat else "answers to the group's page",
        *([f"made for {_quoted(str(task.created_by)[:60])}"] if task.created_by else []),
        *([f"group {task.group.folder}" if task.group else "no group"] if task.group != run.group else []),
    ]
    return f"Task {task.pk}: {_quoted(words)}; {'; '.join(parts)}"


def _quoted(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
