"""Models and agents that misbehave: a clear error, a retry, and nothing left behind."""

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.runs import execution
from apps.agents.runs.execution import execute
from apps.chats.models import Incident
from tests.agents.support import finish
from tests.fakes.messages_api import BrokenStream, Failure, Hang, Text, ToolUse
from tests.waiting import in_thread


def test_a_wrong_key_ends_the_run_at_once_with_the_upstreams_words(say, replies, claude):
    claude.answer = lambda _request: Failure(401, "invalid x-api-key")
    run = say("hello")

    finish(run)

    (refused,) = claude.turns  # it is not asked again
    assert time.monotonic() - refused.at < 20
    assert (run.status, run.attempt) == (Run.Status.FAILED, 1)
    assert "invalid x-api-key" in run.error
    assert len(replies()) == 1
    assert "invalid x-api-key" in replies()[0]
    assert Incident.objects.get(kind="failed run").sentence == run.error


@pytest.mark.parametrize(
    "reply", [Failure(500, "boom"), Failure(429, "slow down"), BrokenStream()], ids=lambda r: str(r)[:20]
)
def test_a_failing_model_is_tried_again_in_another_attempt(say, replies, claude, reply):
    failing = [True]
    claude.answer = lambda _request: reply if failing[0] else None
    run = say("hello")
    execute(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED, run.error
    assert run.error
    failing[0] = False

    finish(run)

    assert (run.status, run.attempt) == (Run.Status.SUCCEEDED, 2)
    assert len(replies()) == 1


def test_why_the_model_failed_is_said_in_the_installation_s_language(say, claude, settings):
    settings.LANGUAGE_CODE = "zh-hans"
    claude.answer = lambda _request: Failure(529, "all places are taken")
    run = say("hello")
    execute(run.pk)

    run.refresh_from_db()
    assert run.error == "模型拒绝了请求：all places are taken。"


def test_a_model_that_cannot_be_reached_is_said_in_plain_words_without_addresses(say, claude, settings):
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    run = say("hello")

    execute(run.pk)

    run.refresh_from_db()
    assert run.error == "The model cannot be reached: connection refused."
    assert run.steps.get(kind="error").summary == run.error  # the chat page's work line


def test_a_silent_model_is_given_up_after_its_time(say, claude, settings):
    settings.AGENT_MODEL_TIMEOUT = 1
    claude.answer = lambda _request: Hang(30)
    run = say("hello")

    execute(run.pk)

    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED
    assert "1 seconds" in run.error


def test_always_failing_ends_after_six_attempts_and_is_told_once(say, replies):
    run = say("fail boom")

    finish(run, attempts=10)

    assert (run.status, run.attempt) == (Run.Status.FAILED, 6)
    assert len(replies()) == 1
    assert "boom" in replies()[0]


def test_a_request_the_model_refuses_is_not_tried_again(say, replies, claude):
    claude.answer = lambda _request: Failure(400, "no such thing")
    run = finish(say("hello"))

    assert (run.status, run.attempt) == (Run.Status.FAILED, 1)
    assert "no such thing" in replies()[0]


def test_the_delays_are_5_10_20_40_80_and_a_new_message_does_not_shorten_them(say, settings):
    settings.AGENT_RETRY_DELAYS = [5.0, 10.0, 20.0, 40.0, 80.0]
    run = say("fail")
    for delay in settings.AGENT_RETRY_DELAYS:
        begun = timezone.now()
        execution.execute(run.pk)
        run.refresh_from_db()
        due = run.not_before
        assert begun <= due - timedelta(seconds=delay) <= timezone.now()
        assert say("fail again").pk == run.pk
        run.refresh_from_db()
        assert run.not_before == due
        Run.objects.filter(pk=run.pk).update(not_before=timezone.now())


def test_a_worker_that_lost_its_run_changes_nothing(say, replies, claude):
    taken = threading.Event()
    claude.script(Text("late " * 20, held=taken))
    run = say("hello")
    worker = in_thread(execute, run.pk)
    claude.wait_for_turns(1)
    Run.objects.filter(pk=run.pk).update(worker="somebody else")
    taken.set()
    worker.join(30)

    run.refresh_from_db()
    assert (run.status, run.worker) == (Run.Status.RUNNING, "somebody else")
    assert replies() == []


def test_usage_is_counted_for_failed_attempts_too(say, claude):
    claude.script(ToolUse("mcp__ngb__send_message", {"text": "x"}), Failure(401, "expired"))
    run = finish(say("hello"))

    assert run.status == Run.Status.FAILED
    assert run.input_tokens > 0
    assert run.cost_usd > 0
