"""Who is served when: scheduled work before later chatter, and what is left when the service stops."""

import time
from collections.abc import Callable, Iterator

import pytest

from apps.agents.runs.execution import execute
from apps.agents.turns import turn
from tests.agents.support import states
from tests.waiting import in_thread, until


@pytest.fixture
def shutdown(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """What the worker does when it is told to stop; undone afterwards."""
    monkeypatch.setattr(turn, "stop_at", [float("inf")])

    def begin(grace: float) -> None:
        turn.stopping.set()
        turn.stop_at[0] = time.monotonic() + grace

    yield begin
    turn.stopping.clear()


def test_a_service_that_stops_begins_nothing_new(say, shutdown):
    shutdown(60)
    execute(say("hello").pk)
    assert states() == ["queued"]


def test_a_turn_in_progress_may_end(say, replies, shutdown, runner, tmp_path):
    gate = tmp_path / "gate"
    runner(f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)\nresult(); sys.stdin.read()")
    worker = in_thread(execute, say("hello").pk)
    until(lambda: states() == ["running"])
    shutdown(60)
    gate.touch()
    worker.join(60)
    assert states() == ["succeeded"]
    assert replies() == ["answer"]


def test_one_that_lasts_too_long_goes_on_after_the_start_without_counting(say, claude, replies, shutdown):
    from tests.fakes.messages_api import Hang

    claude.script(Hang(30))
    run = say("hello")
    worker = in_thread(execute, run.pk)
    claude.wait_for_turns(1)
    begun = time.monotonic()
    shutdown(1)
    worker.join(30)
    assert time.monotonic() - begun < 15
    run.refresh_from_db()
    assert (run.status, run.attempt, replies()) == ("queued", 0, [])
    turn.stopping.clear()
    turn.stop_at[0] = float("inf")
    execute(run.pk)
    assert len(replies()) == 1
