"""Models that fail in every way: the turn ends in words, and no thread, file, process or container stays behind."""

import gc
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import reaper
from tests.agents.support import Say
from tests.fakes.messages_api import BrokenStream, Failure, Hang, MessagesApi, Reply
from tests.waiting import until

FAULTS: list[Reply] = [Failure(429), Failure(500), BrokenStream(), BrokenStream(kind=None), Hang(5)]


def suffer(say: Say, claude: MessagesApi, faults: list[Reply]) -> None:
    """One attempt with each."""
    for fault in faults:
        claude.answer = lambda _request, fault=fault: fault  # type: ignore[misc]
        run = say("hello")
        Run.objects.update(attempt=0)
        execute(run.pk)
        run.refresh_from_db()
        assert (run.status, bool(run.error)) == (Run.Status.QUEUED, True), fault


def held() -> tuple[int, int, int]:
    """Threads, open files and sockets, child processes, without what only waits for the collector."""
    gc.collect()
    lists = Path("/proc/self/task").glob("*/children")
    children = {pid for children in lists for pid in children.read_text().split()}
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir())), len(children)


def test_failing_models_leave_no_thread_no_file_and_no_process(say, claude, settings):
    settings.AGENT_MODEL_TIMEOUT = 1
    suffer(say, claude, FAULTS)  # what is made once and kept, such as pools, is there now

    def grows() -> bool:
        before = held()
        suffer(say, claude, FAULTS)
        return not settled(before)

    # A pool may grow once more, where two did at once what one did before; a leak grows every time.
    assert not all(grows() for _ in range(3)), held()


def settled(before: tuple[int, int, int]) -> bool:
    with suppress(AssertionError):
        return bool(until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)), 10))
    return False


@pytest.mark.docker
def test_failing_models_leave_at_most_the_one_warm_container(say, sealed, settings):
    settings.AGENT_MODEL_TIMEOUT = 1
    for fault in (Failure(500), BrokenStream(), Hang(5)):
        suffer(say, sealed, [fault])
        assert len(reaper.containers_of_this_install()) <= 1
    reaper.remove_all()
    assert reaper.containers_of_this_install() == []
