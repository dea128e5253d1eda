"""The run's id stands on every line that is logged for a run, whoever logs it."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from apps.agents import tasks
from apps.agents.billing import budgets
from apps.agents.models import Run
from apps.agents.runs import execution, recovery
from tests.agents.support import Say

Lines = list[tuple[str, Any]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged, and the run that is bound at that moment."""
    heard: Lines = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append((record.getMessage(), structlog.contextvars.get_contextvars().get("run")))

    listener, logger = Listener(), logging.getLogger("apps.agents")
    logger.addHandler(listener)
    yield heard
    logger.removeHandler(listener)


def test_of_a_turn(say: Say, lines: Lines) -> None:
    run = say("echo hello")
    tasks.execute_run(run.pk)
    assert lines == [("attempt 1 begins", run.pk), ("succeeded", run.pk)]


def test_of_a_run_whose_worker_died(say: Say, lines: Lines) -> None:
    run = say("hello")
    assert run.claim(f"{execution.worker_name().split(':')[0]}:999999:1")
    recovery.requeue_abandoned()
    assert [(words[:16], bound) for words, bound in lines] == [("attempt 1 failed", run.pk)]


def test_of_a_scheduled_run_that_has_no_money(say: Say, group, lines: Lines) -> None:
    group.daily_budget_usd = 0
    group.save()
    budgets.forget()
    run = say("hello")
    Run.objects.update(cause=Run.Cause.SCHEDULE)
    tasks.execute_run(run.pk)
    assert lines
    assert {bound for _, bound in lines} == {run.pk}
