"""What a lost wake-up or a dead worker left behind is found here, every few seconds."""

import logging
from datetime import timedelta

import structlog
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from apps.agents import services
from apps.agents.models import Run
from apps.agents.runs import execution, retries
from apps.chats.models import Chat, Message

logger = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=15)  # a run that was told to a worker is told again only after this
AT_ONCE = 100


def requeue_abandoned() -> None:
    """Runs whose worker died: by its lease, or at once where the worker is known to be dead."""
    now = timezone.now()
    for run in Run.objects.filter(status=Run.Status.RUNNING).select_related("session__group", "chat"):
        if (run.lease_until and run.lease_until < now) or execution.worker_is_dead(run.worker):
            with structlog.contextvars.bound_contextvars(run=run.pk, group=run.group.folder):
                sentence = "The worker died in the middle of the turn."
                execution.retry_or_fail(run, sentence, retries.after_lost_worker(run.attempt))


def wake_due() -> None:
    now = timezone.now()
    told = Q(woken_at__isnull=True) | Q(woken_at__lt=now - PATIENCE)
    for run in Run.objects.due(now).filter(told)[:AT_ONCE]:
        services.wake(run)


def request_missing() -> None:
    """Messages that call, and no run is there for them: nothing should make them, and none may be lost."""
    open_run = Run.objects.filter(
        chat=OuterRef("chat"),
        thread_id=OuterRef("thread_id"),
        cause=Run.Cause.MESSAGE,
        status__in=[Run.Status.QUEUED, Run.Status.RUNNING],
    )
    forgotten = Message.objects.inbound().filter(
        ~Exists(open_run),
        calls_agent=True,
        run__isnull=True,
        chat__group__isnull=False,
        created_at__lt=timezone.now() - PATIENCE,
    )
    for chat_id, thread_id in forgotten.order_by().values_list("chat", "thread_id").distinct()[:AT_ONCE]:
        chat = Chat.objects.select_related("group").get(pk=chat_id)
        logger.warning("messages of %s had no run; one is requested", chat)
        if chat.group:
            services.request_run(chat.group, chat=chat, thread_id=thread_id, cause=Run.Cause.MESSAGE)
