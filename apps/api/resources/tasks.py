"""Scheduled tasks: create, list, read, pause, resume, run now, delete."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import ConfigDict, Field

from apps.agents.models import Run
from apps.api.access import WRITE, caller_of
from apps.api.errors import ApiError
from apps.api.resources.runs import RunOut
from apps.chats.models import Chat, Group
from apps.schedules import services
from apps.schedules.models import ScheduledTask, TaskStatus

router = Router(tags=["tasks"])

MOST = 200


class TaskOut(Schema):
    id: int
    group: str | None
    chat: int | None = Field(alias="chat_id")
    thread_id: str
    prompt: str
    schedule_type: str
    schedule_value: str
    timezone: str
    context_mode: str
    missed: str
    status: str
    next_run_at: datetime | None
    last_run_at: datetime | None
    created_at: datetime
    created_by: str | None = Field(
        description="The sender for whom an agent made it; null: it belongs to nobody alone."
    )

    @staticmethod
    def resolve_group(task: ScheduledTask) -> str | None:
        return task.group.folder if task.group else None

    @staticmethod
    def resolve_created_by(task: ScheduledTask) -> str | None:
        return str(task.created_by) if task.created_by else None


class TasksOut(Schema):
    """`before` leads to older ones; null at the end."""

    items: list[TaskOut]
    before: int | None


class TaskIn(Schema):
    model_config = ConfigDict(extra="forbid")

    group: str = Field(description="The group's folder.")
    prompt: str = Field(min_length=1, max_length=32_000)
    schedule_type: ScheduledTask.Type
    schedule_value: str = Field(description="`0 9 * * *`; `30s`, `15m`, `2h`, `7d` or seconds; `2030-01-31T09:00`.")
    timezone: str = Field("", description="Empty: the group's.")
    chat: int | None = Field(None, description="The id of the chat that gets the answer; null: the group's web chat.")
    thread_id: str = Field("", max_length=255)
    context_mode: ScheduledTask.Context = ScheduledTask.Context.GROUP
    missed: ScheduledTask.Missed = ScheduledTask.Missed.ONCE


class Selection(Schema):
    group: str | None = Field(None, description="A folder.")
    status: TaskStatus | None = Field(None, description="Default: active and paused.")
    before: int | None = Field(None, ge=0, description="Only tasks older than this id.")
    limit: int = Field(50, ge=1, le=MOST)


@router.get("", response=TasksOut, summary="The newest tasks")
def list_tasks(request: HttpRequest, selection: Query[Selection]) -> object:
    caller = caller_of(request)
    groups = [caller.group(selection.group)] if selection.group else caller.groups()
    rows = ScheduledTask.objects.filter(group__in=groups).select_related("group", "created_by")
    rows = rows.filter(status=selection.status) if selection.status else rows.open()
    if selection.before is not None:
        rows = rows.filter(pk__lt=selection.before)
    found = list(rows.order_by("-pk")[: selection.limit + 1])
    items = found[: selection.limit]
    return {"items": items, "before": items[-1].pk if len(found) > len(items) else None}


@router.post("", response={201: TaskOut}, auth=WRITE, summary="Schedule a task")
def create(request: HttpRequest, body: TaskIn) -> object:
    given = body.dict(exclude={"group", "chat"})
    caller = caller_of(request)
    caller.require_permission("schedules.add_scheduledtask")
    group = caller.group(body.group)
    return services.create_task(group=group, chat=_chat(group, body.chat), **given)


@router.get("/{task_id}", response=TaskOut, summary="One task")
def read(request: HttpRequest, task_id: int) -> object:
    return _task(request, task_id)


@router.post("/{task_id}/pause", response=TaskOut, auth=WRITE, summary="Pause it")
def pause(request: HttpRequest, task_id: int) -> object:
    task = _task_to_change(request, task_id)
    services.pause(task)
    return task


@router.post("/{task_id}/resume", response=TaskOut, auth=WRITE, summary="Resume it, with its next run in the future")
def resume(request: HttpRequest, task_id: int) -> object:
    task = _task_to_change(request, task_id)
    services.resume(task)
    return task


@router.post("/{task_id}/run", response={202: RunOut}, auth=WRITE, summary="Run it now, beside its timetable")
def run_now(request: HttpRequest, task_id: int) -> Run:
    return services.run_now(_task_to_change(request, task_id))


@router.delete("/{task_id}", response={204: None}, auth=WRITE, summary="Cancel it for good")
def delete(request: HttpRequest, task_id: int) -> object:
    """It is no longer listed; what it did stays in the history, where it has the status “cancelled”."""
    services.cancel(_task_to_change(request, task_id))
    return Status(204, None)


def _task_to_change(request: HttpRequest, task_id: int) -> ScheduledTask:
    """Raises ApiError, as below."""
    caller_of(request).require_permission("schedules.change_scheduledtask")
    return _task(request, task_id)


def _task(request: HttpRequest, task_id: int) -> ScheduledTask:
    tasks = ScheduledTask.objects.filter(pk=task_id, group__in=caller_of(request).groups())
    if task := tasks.select_related("group", "created_by").first():
        return task
    raise ApiError(404, f"There is no task {task_id}.")


def _chat(group: Group, chat_id: int | None) -> Chat | None:
    if chat_id is None:
        return None
    if chat := group.chats.filter(pk=chat_id).first():
        return chat
    raise ValidationError({"chat": f"The group {group.folder} has no chat {chat_id}."})
