"""Thin Celery tasks: fetch, call, stop. Safe to run twice."""

import logging
import time
from typing import Any

import structlog
from celery import shared_task, signals
from django.conf import settings

from apps.agents.questions import questions
from apps.agents.runs import execution, recovery
from apps.agents.sandbox import process, reaper
from apps.agents.sandbox.engine import ENGINE_ERRORS, sentence
from apps.agents.sandbox.selection import chosen_runtime
from apps.agents.turns import turn
from apps.chats import pairing

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def execute_run(run_id: int) -> None:
    with structlog.contextvars.bound_contextvars(run=run_id):  # from the first line on, also of one that is held back
        execution.execute(run_id)


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    recovery.requeue_abandoned()
    recovery.wake_due()
    recovery.request_missing()
    pairing.drop_expired()
    questions.expire_overdue()


@shared_task  # type: ignore[untyped-decorator]
def reap() -> None:
    if chosen_runtime().name != "docker":
        return
    try:
        reaper.reap()
    except ENGINE_ERRORS as error:
        logger.warning("no container was reaped this time: %s", sentence(error))


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def let_turns_finish(**_kwargs: Any) -> None:
    """Nothing new is begun; turns in progress have a bound."""
    turn.stopping.set()
    turn.stop_at[0] = time.monotonic() + settings.AGENT_SHUTDOWN_GRACE


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]
def stop_processes(**_kwargs: Any) -> None:
    process.stop_all()
