"""A prompt on a timetable, and every slot of it that was taken."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from apps.agents.models import Run
from apps.chats.models import Chat, Group, Sender
from apps.chats.models.group import validate_timezone
from apps.schedules import expressions


class TaskStatus(models.TextChoices):
    ACTIVE = "active", _("active")
    PAUSED = "paused", _("paused")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")


class ScheduledTaskQuerySet(models.QuerySet["ScheduledTask"]):
    def open(self) -> "ScheduledTaskQuerySet":
        """Those that may still run."""
        return self.filter(status__in=(TaskStatus.ACTIVE, TaskStatus.PAUSED))

    def overdue(self, before: datetime) -> "ScheduledTaskQuerySet":
        """Active, and nobody took the slot though its time came before that moment; the oldest first."""
        return self.filter(status=TaskStatus.ACTIVE, next_run_at__lt=before).order_by("next_run_at")


class ScheduledTask(models.Model):
    """A prompt that the group's agent is given on a timetable."""

    Status = TaskStatus

    class Type(models.TextChoices):
        CRON = expressions.CRON, _("cron")
        INTERVAL = expressions.INTERVAL, _("interval")
        ONCE = expressions.ONCE, _("once")

    class Context(models.TextChoices):
        GROUP = "group", _("the group's conversation memory")
        ISOLATED = "isolated", _("a fresh one for each run")

    class Missed(models.TextChoices):
        SKIP = "skip", _("skip them")
        ONCE = "once", _("run once for all of them")

    group = models.ForeignKey(
        Group, models.SET_NULL, null=True, related_name="scheduled_tasks", verbose_name=_("group")
    )
    chat = models.ForeignKey(
        Chat,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="scheduled_tasks",
        verbose_name=_("chat"),
        help_text=_("Where the answer goes. Empty: the group's place on the chat page."),
    )
    thread_id = models.CharField(_("thread"), max_length=255, blank=True)
    prompt = models.TextField(_("prompt"), help_text=_("What the agent is told when the time comes."))
    schedule_type = models.CharField(_("kind of schedule"), max_length=10, choices=Type.choices)
    schedule_value = models.CharField(
        _("schedule"),
        max_length=100,
        help_text=_("Cron: 0 9 * * *. Interval: 30s, 15m, 2h, 7d or seconds. Once: 2030-01-31T09:00."),
    )
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_timezone],
        help_text=_("Empty: the group's."),
    )
    context_mode = models.CharField(_("memory"), max_length=10, choices=Context.choices, default=Context.GROUP)
    missed = models.CharField(
        _("missed runs"),
        max_length=10,
        choices=Missed.choices,
        default=Missed.ONCE,
        help_text=_("What happens to the slots that passed while the service was down."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=TaskStatus.choices, default=TaskStatus.ACTIVE, editable=False
    )
    next_run_at = models.DateTimeField(_("next run"), null=True, blank=True, editable=False)
    last_run_at = models.DateTimeField(_("last run"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=now, editable=False)
    created_by = models.ForeignKey(
        Sender,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("made for"),
        help_text=_("The sender who alone called the run that made it; without an admin nobody else may change it."),
    )
    created_in = models.ForeignKey(
        Run, models.SET_NULL, null=True, blank=True, editable=False, related_name="+", verbose_name=_("made in")
    )

    objects = ScheduledTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("scheduled task")
        verbose_name_plural = _("scheduled tasks")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="active", next_run_at__isnull=False)
                | (~Q(status="active") & Q(next_run_at__isnull=True)),
                name="active_tasks_and_only_they_have_a_next_run",
            )
        ]
        indexes = [models.Index(fields=["next_run_at"], condition=Q(status="active"), name="task_overdue")]

    def __str__(self) -> str:
        return f"{self.schedule_value}: {self.prompt[:60]}"

    @property
    def schedule(self) -> expressions.Schedule:
        """Raises ScheduleError."""
        return expressions.parse(self.schedule_type, self.schedule_value, zone=self.timezone, anchor=self.created_at)

    def clean(self) -> None:
        """The sentence of a bad schedule stands at its own field."""
        if self.group and not self.timezone:
            self.timezone = self.group.timezone
        if not self.prompt.strip():
            raise ValidationError({"prompt": _("The prompt is empty.")})
        self._check_chat()
        if not self.schedule_type or not self.schedule_value or not self._timezone_is_known():
            return  # the field itself says so
        try:
            schedule = self.schedule
            if self.status == TaskStatus.ACTIVE:
                expressions.upcoming(schedule, now())
        except expressions.ScheduleError as error:
            raise ValidationError({"schedule_value": str(error)}) from error

    def _check_chat(self) -> None:
        if self.chat and self.chat.group_id != self.group_id:
            raise ValidationError({"chat": _("This chat does not belong to the group.")})

    def _timezone_is_known(self) -> bool:
        try:
            validate_timezone(self.timezone)
        except ValidationError:
            return False
        return True

    def move(self, status: TaskStatus, next_run_at: datetime | None = None, **changes: Any) -> None:
        """A new state, saved."""
        self.status, self.next_run_at = status, next_run_at
        for name, value in changes.items():
            setattr(self, name, value)
        self.save(update_fields=["status", "next_run_at", *changes])


class TaskRun(models.Model):
    """A slot that was taken; the constraint is what keeps two beats from taking it twice."""

    task = models.ForeignKey(ScheduledTask, models.CASCADE, related_name="task_runs", verbose_name=_("scheduled task"))
    slot = models.DateTimeField(_("slot"), help_text=_("The time it was meant for."))
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="task_runs", verbose_name=_("run"))
    created_at = models.DateTimeField(_("taken"), auto_now_add=True)

    class Meta:
        verbose_name = _("task run")
        verbose_name_plural = _("task runs")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["task", "slot"], name="one_task_run_per_slot")]

    def __str__(self) -> str:
        return f"{self.task_id} at {self.slot:%Y-%m-%d %H:%M:%S}"
