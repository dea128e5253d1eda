"""Runners that misbehave, as real processes: the turn goes on where it can, and ends in words where it cannot."""

import threading
import time
from pathlib import Path

import pytest

from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import process
from apps.chats.models import Incident
from tests.waiting import until


@pytest.mark.parametrize(
    "noise",
    [
        'raw(b"Segmentation fault\\n")',
        'raw(b"x" * 10_000_000 + b"\\n")',
        'raw(b"\\xe4\\xb8\\n")',
        'say(type="surprise")',
        'say(type="delta")',
        'say(type="http_body", id="never opened", data="")',
    ],
)
def test_the_turn_survives_noise(say, replies, runner, noise):
    runner(f"{noise}\nresult()\nsys.stdin.read()")
    run = say("hello")

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, replies()) == (Run.Status.SUCCEEDED, ["answer"]), run.error
    assert Incident.objects.filter(kind="garbled link").count() == (0 if "http_body" in noise else 1)


@pytest.mark.parametrize("session_id", ['"\\ud83d"', '"x" * 200', '"\\0"', "[]"])
def test_a_session_id_that_no_row_holds_is_not_kept_and_the_answer_is(say, replies, runner, session_id):
    runner(f'say(type="result", text="answer", session_id={session_id}, exhausted=5)\nsys.stdin.read()')
    run = say("hello")

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, replies()) == (Run.Status.SUCCEEDED, ["answer"]), run.error
    assert run.session.sdk_session_id == ""


def test_a_character_split_over_two_writes_arrives_whole(say, replies, runner):
    runner(
        'said = {"type": "result", "text": "世界", "session_id": "s"}\n'
        'line = json.dumps(said, ensure_ascii=False).encode() + b"\\n"\n'
        'cut = line.index("世".encode()) + 1\n'
        "import time\nraw(line[:cut]); time.sleep(0.1); raw(line[cut:]); sys.stdin.read()"
    )

    execute(say("hello").pk)

    assert replies() == ["世界"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("sys.exit(3)", "ended in the middle"),
        (
            'say(type="result", text="", session_id="s", is_error=True, error="The model is tired.")',
            "The model is tired.",
        ),
        ('[raw(b"garbage\\n") for _ in range(200)]; sys.stdin.read()', "nothing but garbage"),
    ],
)
def test_a_failing_runner_is_said_and_tried_again(say, runner, body, sentence):
    runner(body)
    run = say("hello")

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.QUEUED, 1)
    assert sentence in run.error


def test_a_text_without_end_is_cut_and_says_so(say, replies, runner):
    runner('say(type="result", text="x" * 900_000, session_id="s"); sys.stdin.read()')

    execute(say("hello").pk)

    assert replies() == ["x" * 150_000 + "\n\n[…] 750000 more characters."]


def test_noise_on_standard_error_prolongs_nothing(say, runner, group):
    group.turn_timeout_s = 2
    group.save()
    runner("import time\nwhile True: sys.stderr.write('busy\\n'); sys.stderr.flush(); time.sleep(0.01)")
    run, begun = say("hello"), time.monotonic()

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.FAILED, 1)
    assert "longer than 2 seconds" in run.error
    assert time.monotonic() - begun < 30  # some seconds to end politely among them


def test_faults_leave_no_thread_and_no_process_behind(say, runner):
    runner("sys.exit(3)")
    run = say("hello")
    execute(run.pk)
    children = _children()
    threads = threading.active_count()
    for _ in range(4):
        run.refresh_from_db()
        execute(run.pk)

    until(lambda: threading.active_count() <= threads)
    assert _children() == children
    assert process._living == {}


def _children() -> set[str]:
    lists = Path("/proc/self/task").glob("*/children")
    return {pid for children in lists for pid in children.read_text().split()}
