from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from apps.chats.admin.readonly import HistoryAdmin, TakesHistoryAlong
from apps.schedules import services
from apps.schedules.expressions import ScheduleError, upcoming
from apps.schedules.models import ScheduledTask, TaskRun


class ScheduledTaskForm(ModelForm):  # type: ignore[type-arg]
    class Meta:
        help_texts = {
            "context_mode": _("What the agent remembers of its last turns; a fresh conversation knows the files only."),
            "thread_id": _("Its id, where the chat has threads; empty: the chat itself."),
        }

    def clean(self) -> dict[str, Any] | None:
        if sentence := services.ended(self.instance):
            raise ValidationError(sentence)
        return super().clean()

    def full_clean(self) -> None:
        """A paused one's schedule must come true as well: only an active one's is looked at by the row itself."""
        super().full_clean()
        if self.is_bound and not self.errors and services.SCHEDULE & set(self.changed_data):
            try:
                upcoming(self.instance.schedule, timezone.now())
            except ScheduleError as error:
                self.add_error("schedule_value", str(error))


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
class ScheduledTaskAdmin(TakesHistoryAlong):
    about = _("Prompts on a timetable: what a group's agent is told, and when.")
    form = ScheduledTaskForm
    save_as = True  # what has ended is not changed; a new one begins with its words
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
        return Truncator(task.prompt).chars(80)

    def get_fieldsets(self, request: HttpRequest, obj: ScheduledTask | None = None) -> Any:
        """A new one has no state to show yet."""
        return [
            (None, {"fields": ["group", "chat", "prompt", "schedule_type", "schedule_value", "timezone"]}),
            (_("Details"), {"classes": ["collapse"], "fields": ["context_mode", "missed", "thread_id"]}),
            *([(_("State"), {"fields": self.readonly_fields})] if obj else []),
        ]

    def get_inlines(self, request: HttpRequest, obj: ScheduledTask | None) -> Any:
        return self.inlines if obj else []

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **more: Any) -> Any:
        """Locked while an edit is judged and saved: no slot is taken in between."""
        view = super().changeform_view
        if request.method != "POST" or not object_id or not object_id.isdecimal():
            return view(request, object_id, *args, **more)
        with transaction.atomic():
            ScheduledTask.objects.select_for_update().filter(pk=int(object_id)).first()
            return view(request, object_id, *args, **more)

    def save_model(self, request: HttpRequest, obj: ScheduledTask, form: "ModelForm[Any]", change: bool) -> None:
        if change:
            services.change(obj, **{name: form.cleaned_data[name] for name in form.changed_data})
        else:
            services.plan(obj)

    def delete_model(self, request: HttpRequest, obj: ScheduledTask) -> None:
        services.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ScheduledTask]) -> None:
        for task in queryset:
            services.delete(task)

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
class TaskRunAdmin(HistoryAdmin):
    about = _("Each time that a scheduled task was due, and the run that it became.")
    list_display = ["task", "slot", "run", "outcome", "created_at"]
    list_filter = ["run__status"]
    list_select_related = ["task", "run"]
    date_hierarchy = "slot"

    @admin.display(description=_("outcome"))
    def outcome(self, taken: TaskRun) -> str:
        return taken.run.get_status_display() if taken.run else ""
