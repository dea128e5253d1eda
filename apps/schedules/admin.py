from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.schedules import services
from apps.schedules.models import ScheduledTask, TaskRun


class TaskRunInline(admin.TabularInline):  # type: ignore[type-arg]
    model = TaskRun
    fields = ["slot", "run", "created_at"]
    readonly_fields = ["slot", "run", "created_at"]
    extra = 0
    max_num = 0
    can_delete = False
    verbose_name_plural = _("the last twenty runs")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskRun]:
        # A formset filters what it is given, and a slice cannot be filtered; so the twenty are named by their keys.
        task = str(request.resolver_match.kwargs.get("object_id", "")) if request.resolver_match else ""
        newest = TaskRun.objects.filter(task_id=int(task))[:20] if task.isdecimal() else []
        return super().get_queryset(request).filter(pk__in=[taken.pk for taken in newest]).select_related("run")


@admin.register(ScheduledTask)
class ScheduledTaskAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    about = _("Prompts on a timetable: what a group's agent is told, and when.")
    list_display = [
        "prompt_start",
        "group",
        "schedule_value",
        "timezone",
        "status",
        "next_run_at",
        "last_run_at",
        "created_by",
    ]
    list_filter = ["status", "schedule_type", "group"]
    list_select_related = ["group", "created_by"]
    search_fields = ["prompt", "schedule_value"]
    autocomplete_fields = ["group", "chat"]
    readonly_fields = ["status", "next_run_at", "last_run_at", "created_at", "created_by", "created_in"]
    inlines = [TaskRunInline]
    actions = ["run_now", "pause", "resume", "cancel"]

    @admin.display(description=_("prompt"))
    def prompt_start(self, task: ScheduledTask) -> str:
        return task.prompt[:80]

    def get_fields(self, request: HttpRequest, obj: ScheduledTask | None = None) -> Any:
        """A new one has no state to show yet."""
        fields = super().get_fields(request, obj)
        return fields if obj else [name for name in fields if name not in self.readonly_fields]

    def get_inlines(self, request: HttpRequest, obj: ScheduledTask | None) -> Any:
        return self.inlines if obj else []

    def save_model(self, request: HttpRequest, obj: ScheduledTask, form: "ModelForm[Any]", change: bool) -> None:
        services.plan(obj)

    @admin.action(description=_("Run now"), permissions=["change"])
    def run_now(self, request: HttpRequest, tasks: QuerySet[ScheduledTask]) -> None:
        self._each(request, tasks, services.run_now, _("asked to run"))

    @admin.action(description=_("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, tasks: QuerySet[ScheduledTask]) -> None:
        self._each(request, tasks, services.pause, _("paused"))

    @admin.action(description=_("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, tasks: QuerySet[ScheduledTask]) -> None:
        self._each(request, tasks, services.resume, _("resumed"))

    @admin.action(description=_("Cancel"), permissions=["change"])
    def cancel(self, request: HttpRequest, tasks: QuerySet[ScheduledTask]) -> None:
        self._each(request, tasks, services.cancel, _("cancelled"))

    def _each(
        self,
        request: HttpRequest,
        tasks: QuerySet[ScheduledTask],
        verb: Callable[[ScheduledTask], object],
        outcome: object,
    ) -> None:
        done = 0
        for task in tasks:
            try:
                verb(task)
                done += 1
            except services.TaskError as error:
                self.message_user(request, f"{task}: {error}", messages.ERROR)
        if done:
            self.message_user(request, f"{done}: {outcome}", messages.SUCCESS)


@admin.register(TaskRun)
class TaskRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    about = _("Each time that a scheduled task was due, and the run that it became.")
    list_display = ["task", "slot", "run", "outcome", "created_at"]
    list_filter = ["run__status"]
    list_select_related = ["task", "run"]
    date_hierarchy = "slot"

    @admin.display(description=_("outcome"))
    def outcome(self, taken: TaskRun) -> str:
        return taken.run.get_status_display() if taken.run else ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TaskRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TaskRun | None = None) -> bool:
        return False
