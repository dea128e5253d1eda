"""Agents are started a few at a time; whoever cannot begin in time waits in the queue, not in a thread."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import docker

pytestmark = pytest.mark.docker
SLOTS = os.cpu_count() or 1


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    """Every slot, as by other agents that are being started."""
    monkeypatch.setattr(docker, "PATIENCE", 0.05)
    with ExitStack() as stack:
        for _ in range(SLOTS):
            stack.enter_context(docker._cold_starts)
        yield stack


def free_slots() -> int:
    taken = [docker._cold_starts.acquire(blocking=False) for _ in range(SLOTS)]
    for _ in filter(None, taken):
        docker._cold_starts.release()
    return sum(taken)


def test_one_too_many_waits_in_the_queue_and_is_served_later(say, sealed, replies, taken):
    run = say("hello")

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.attempt) == ("queued", 0)
    assert run.error == "Other agents are being started first."
    taken.close()
    Run.objects.update(not_before=run.created_at)
    execute(run.pk)
    assert len(replies()) == 1
    assert free_slots() == SLOTS


def test_a_start_that_fails_frees_its_slot(say, sealed, settings):
    settings.AGENT_IMAGE = "no-such-image:ever"

    execute(say("hello").pk)

    assert free_slots() == SLOTS


def test_a_warm_agent_needs_no_slot(say, sealed, replies, monkeypatch):
    execute(say("one").pk)
    monkeypatch.setattr(docker, "PATIENCE", 0.05)
    with ExitStack() as stack:
        for _ in range(SLOTS):
            stack.enter_context(docker._cold_starts)
        execute(say("two").pk)

    assert len(replies()) == 2
