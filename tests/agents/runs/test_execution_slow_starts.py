"""An agent that takes long to be ready: its run stays ours meanwhile, and ends when it should not go on."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.runs import recovery
from apps.agents.runs.execution import execute
from apps.agents.sandbox import docker, process
from apps.agents.turns import turn
from tests.fakes.runner import HONEST
from tests.waiting import in_thread, until


@pytest.fixture
def slow_runner(runner: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Is ready once the file is there."""
    monkeypatch.setattr(process, "STOP_TIMEOUT", 0.5)  # it does not hear the end of its input
    gate = tmp_path / "gate"
    runner(
        "result(); sys.stdin.read()",
        head=f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.02)\n{HONEST}",
    )
    return gate


def sweep_when_the_first_lease_is_over(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment after that which the claim gave, whatever the clock says: it counts what came after it."""

    def lease():
        return Run.objects.get(pk=run.pk).lease_until

    first = until(lease)
    until(lambda: lease() > first)
    with monkeypatch.context() as then:
        then.setattr(timezone, "now", lambda: first + timedelta(milliseconds=1))
        recovery.requeue_abandoned()


def test_the_lease_is_kept_until_the_agent_is_ready(say, replies, slow_runner, settings, monkeypatch):
    settings.AGENT_LEASE = 6  # kept every second
    run = say("hello")
    thread = in_thread(execute, run.pk)

    sweep_when_the_first_lease_is_over(run, monkeypatch)
    slow_runner.touch()
    thread.join(30)

    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.SUCCEEDED, 1), run.error
    assert replies() == ["answer"]


@pytest.mark.docker
def test_the_lease_is_kept_while_others_start_first(say, sealed, settings, monkeypatch):
    settings.AGENT_LEASE = 6
    run = say("hello")
    with ExitStack() as others:
        while docker._cold_starts.acquire(blocking=False):
            others.callback(docker._cold_starts.release)
        thread = in_thread(execute, run.pk)
        sweep_when_the_first_lease_is_over(run, monkeypatch)
    thread.join(60)

    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.SUCCEEDED, 1), run.error


def test_a_run_that_was_taken_away_meanwhile_says_nothing(say, replies, slow_runner, settings):
    settings.AGENT_LEASE = 2
    run = say("hello")
    thread = in_thread(execute, run.pk)
    until(lambda: Run.objects.filter(pk=run.pk, status=Run.Status.RUNNING).exists())

    Run.objects.update(worker="another:1:1", lease_until=timezone.now())
    thread.join(30)

    assert not thread.is_alive()
    run.refresh_from_db()
    assert (run.status, run.worker, replies()) == (Run.Status.RUNNING, "another:1:1", [])


def test_a_service_that_stops_does_not_wait_for_an_agent(say, slow_runner, monkeypatch):
    run = say("hello")
    monkeypatch.setattr(turn, "stop_at", [0.0])

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.QUEUED, 0)
    assert "goes on after its start" in run.error
