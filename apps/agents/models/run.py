"""Runs. The rows are the queue; Celery only carries their ids."""

from contextlib import nullcontext
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.agents.models.session import Session
from apps.agents.pricing import Usage
from apps.chats.models import Chat, Group


class RunStatus(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class RunQuerySet(models.QuerySet["Run"]):
    def due(self, now: datetime) -> "RunQuerySet":
        """Queued, its time has come, and its session is free; the oldest first."""
        running = Run.objects.filter(session=OuterRef("session"), status=RunStatus.RUNNING)
        return self.filter(~Exists(running), status=RunStatus.QUEUED, not_before__lte=now).order_by("pk")


class Run(models.Model):
    """One execution of the agent for one group."""

    Status = RunStatus

    class Cause(models.TextChoices):
        MESSAGE = "message", _("message")
        SCHEDULE = "schedule", _("scheduled task")
        REQUEST = "request", _("request")
        WARM_UP = "warm_up", _("warm-up")

    session = models.ForeignKey(Session, models.CASCADE, related_name="runs", verbose_name=_("session"))
    chat = models.ForeignKey(Chat, models.SET_NULL, null=True, blank=True, related_name="runs", verbose_name=_("chat"))
    thread_id = models.CharField(_("thread"), max_length=255, blank=True)
    cause = models.CharField(_("cause"), max_length=10, choices=Cause.choices)
    prompt = models.TextField(
        _("prompt"), blank=True, help_text=_("Only where no message called: a scheduled task's words.")
    )
    status = models.CharField(_("status"), max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    woken_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    stop_requested = models.BooleanField(default=False, editable=False)
    worker = models.CharField(_("worker"), max_length=100, blank=True)
    error = models.TextField(_("error"), blank=True)
    agent = models.CharField(_("agent"), max_length=20, blank=True)
    runtime = models.CharField(_("runtime"), max_length=20, blank=True)
    container = models.CharField(_("container"), max_length=64, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    input_tokens = models.PositiveBigIntegerField(_("input tokens"), default=0)
    output_tokens = models.PositiveBigIntegerField(_("output tokens"), default=0)
    cache_read_tokens = models.PositiveBigIntegerField(_("cache read tokens"), default=0)
    cache_write_tokens = models.PositiveBigIntegerField(_("cache write tokens"), default=0)
    cost_usd = models.DecimalField(_("cost in US$"), max_digits=12, decimal_places=6, default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    # Senders whose calls this attempt has read (None: nobody known); known to its worker only, see `authority`.
    callers: frozenset[int | None] = frozenset()
    # Since it was claimed: whether it was claimed before. Attempts that the service itself broke off are not counted.
    begun_before = False

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(status="running"), name="one_running_run_per_session"
            ),
            models.UniqueConstraint(
                fields=["session", "chat", "thread_id"],
                condition=Q(status="queued", cause="message"),
                name="one_queued_message_run_per_conversation",
            ),
        ]
        # Whole, not partial: SQLite cannot tell that a bound parameter meets a condition.
        indexes = [
            models.Index(fields=["status", "session"], name="run_by_status"),
            # What a day or a month has cost: all, and a group.
            models.Index(fields=["finished_at"], name="run_by_end"),
            models.Index(fields=["session", "finished_at"], name="run_by_session_and_end"),
        ]

    def __str__(self) -> str:
        return gettext("run %d") % self.pk

    @property
    def group(self) -> Group:
        return self.session.group

    @property
    def is_over(self) -> bool:
        return self.status in (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED)

    def claim(self, worker: str) -> bool:
        """queued → running, under the constraint; False when its time has not come, or the session is busy."""
        now = timezone.now()
        self.begun_before = self.started_at is not None
        free = Run.objects.filter(pk=self.pk, status=RunStatus.QUEUED, attempt=self.attempt, not_before__lte=now)
        # One statement is a transaction of its own; inside another one it needs a savepoint, as it may fail.
        within = transaction.atomic() if connection.in_atomic_block else nullcontext()
        try:
            with within:
                claimed = self._change(
                    free,
                    status=RunStatus.RUNNING,
                    worker=worker,
                    attempt=self.attempt + 1,
                    started_at=now,
                    lease_until=_lease(now),
                    error="",
                )
        except IntegrityError:
            return False
        # Whoever held the session until a moment ago may have begun its conversation after this one was read.
        if claimed and not self.session.sdk_session_id:
            self.session.refresh_from_db(fields=["sdk_session_id"])
        return claimed

    def renew(self) -> bool:
        """False when the run is no longer ours: its lease expired and somebody else took it, or it was cancelled."""
        return self._mine().update(lease_until=_lease(timezone.now())) == 1

    def was_taken_over(self) -> bool:
        """Whether a further attempt has begun: its history is another worker's to write."""
        return not Run.objects.filter(pk=self.pk, worker=self.worker, attempt=self.attempt).exists()

    def finish(self, status: RunStatus, error: str = "") -> bool:
        """running → an end; False when the run is no longer ours."""
        return self._change(self._mine(), status=status, error=error, finished_at=timezone.now(), lease_until=None)

    def cancel(self, reason: str) -> None:
        """A queued run ends without having been executed."""
        self.status, self.error, self.finished_at = RunStatus.CANCELLED, reason, timezone.now()
        self.save(update_fields=["status", "error", "finished_at"])

    def hold(self, why: str, delay_s: float) -> bool:
        """A queued run does not begin yet; False when it is queued no more, or was held back by somebody else."""
        now = timezone.now()
        due = Run.objects.filter(pk=self.pk, status=RunStatus.QUEUED, not_before__lte=now)
        return self._change(due, error=why, not_before=now + timedelta(seconds=delay_s))

    def requeue(self, error: str, delay_s: float, *, counts: bool = True) -> bool:
        """running → queued for another attempt; False when the run is no longer ours."""
        return self._change(
            self._mine(),
            status=RunStatus.QUEUED,
            error=error,
            not_before=timezone.now() + timedelta(seconds=delay_s),
            lease_until=None,
            attempt=self.attempt if counts else self.attempt - 1,
        )

    def note_agent(self, agent: str, runtime: str, container: str) -> None:
        self.agent, self.runtime, self.container = agent, runtime, container
        self.save(update_fields=["agent", "runtime", "container"])

    def add_usage(self, usage: Usage, model: str) -> bool:
        """Counted for every attempt, the failed ones too; False when the run was deleted meanwhile."""
        if not model:
            return True
        changed = Run.objects.filter(pk=self.pk).update(
            model=model,
            input_tokens=F("input_tokens") + usage.input_tokens,
            output_tokens=F("output_tokens") + usage.output_tokens,
            cache_read_tokens=F("cache_read_tokens") + usage.cache_read_tokens,
            cache_write_tokens=F("cache_write_tokens") + usage.cache_write_tokens,
            cost_usd=F("cost_usd") + usage.cost_usd,
        )
        return changed == 1

    def _change(self, expected: RunQuerySet, **changes: object) -> bool:
        """False, and nothing is changed, when the row is not as expected."""
        if expected.update(**changes) != 1:
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def _mine(self) -> RunQuerySet:
        return Run.objects.filter(pk=self.pk, status=RunStatus.RUNNING, worker=self.worker, attempt=self.attempt)


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.AGENT_LEASE)


class RunStep(models.Model):
    """One thing the agent did on the way."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="steps", verbose_name=_("run"))
    seq = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=20)
    summary = models.CharField(_("summary"), max_length=300)
    detail = models.TextField(_("detail"), blank=True)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("run step")
        verbose_name_plural = _("run steps")
        ordering = ["run", "seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="one_step_per_number")]

    def __str__(self) -> str:
        return self.summary
