"""Models and agents that misbehave: a clear error, a retry, and nothing left behind."""

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents import services
from apps.agents.models import Run, Session
from apps.agents.runs import execution, recovery
from apps.agents.runs.execution import execute
from apps.chats.models import Incident, Message
from tests.fakes.messages_api import BrokenStream, Failure, Hang, Text, ToolUse
from tests.waiting import in_thread, in_time, until


def finish(run, attempts=6):
    """Executes until the run is over, as the worker does when it is woken again and again."""
    for _ in range(attempts):
        execute(run.pk)
        run.refresh_from_db()
        if run.is_over:
            return run
    return run


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


def test_a_message_in_mid_turn_reaches_the_live_turn_and_is_answered_once(say, replies, claude, prompted):
    pushed = threading.Event()
    claude.script(ToolUse("mcp__ngb__send_message", {"text": "working on it"}), Text("slow " * 20, held=pushed))
    run = say("first")
    worker = in_thread(execute, run.pk)
    until(lambda: "working on it" in replies())
    more = say("and the second")
    until(lambda: len(prompted) == 2)
    time.sleep(1)  # the agent reads it, and says nothing
    pushed.set()
    worker.join(30)

    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED, run.error
    assert Message.objects.inbound().filter(run=run).count() == 2
    assert not Run.objects.filter(pk=more.pk).exists()  # absorbed
    assert "and the second" in str(claude.turns[-1].body["messages"])


def test_stop_interrupts_within_two_seconds_and_keeps_what_was_said(say, replies, claude, heard):
    def stopped() -> float:
        heard.clear()
        claude.script(Text("word " * 200, pieces=200, delay=0.1))
        run = say("tell me everything")
        worker = in_thread(execute, run.pk)
        until(lambda: len(heard) > 2)
        begun = time.monotonic()
        services.stop_run(Run.objects.get(pk=run.pk))
        worker.join(30)
        took = time.monotonic() - begun
        run.refresh_from_db()
        assert run.status == Run.Status.CANCELLED
        assert replies()[-1].startswith("word word")
        return took

    in_time(2, stopped)
    assert Message.objects.inbound().filter(run__isnull=True).count() == 0


def test_a_turn_that_takes_too_long_is_ended(say, replies, claude, group):
    group.turn_timeout_s = 2
    group.save()
    claude.script(Hang(30))
    run = say("hello")

    finish(run, attempts=1)

    assert run.status == Run.Status.FAILED
    assert "longer than 2 seconds" in run.error


def test_a_session_the_sdk_no_longer_knows_is_begun_afresh(say, replies, claude):
    Session.objects.all().delete()
    run = say("hello")
    Session.objects.update(sdk_session_id="11111111-2222-4333-8444-555555555555")

    finish(run)

    assert (run.status, run.attempt) == (Run.Status.SUCCEEDED, 1)
    assert Session.objects.get().sdk_session_id not in ("", "11111111-2222-4333-8444-555555555555")


def test_only_one_of_two_wake_ups_executes(say, replies, claude):
    run = say("hello")
    workers = [in_thread(execute, run.pk) for _ in range(2)]
    for worker in workers:
        worker.join(30)

    assert len(claude.turns) == 1
    assert len(replies()) == 1


def test_a_busy_session_leaves_the_second_run_queued_and_the_holder_wakes_it(say, claude, group, chat):
    from apps.events.pubsub import connection

    running = say("one")
    assert Run.objects.get(pk=running.pk).claim("somebody")
    task = services.request_run(group, chat=chat, cause=Run.Cause.SCHEDULE, prompt="water the plants")
    execute(task.pk)
    task.refresh_from_db()
    assert task.status == Run.Status.QUEUED
    connection().delete("agents")

    holder = Run.objects.get(pk=running.pk)
    holder.finish(Run.Status.SUCCEEDED)
    services.wake_next(holder.session)

    assert connection().llen("agents") == 1


def test_a_run_whose_worker_died_is_queued_again_by_the_sweep(say, claude, replies):
    run = say("hello")
    dead = f"{execution.worker_name().split(':')[0]}:999999:1"
    assert run.claim(dead)

    recovery.requeue_abandoned()
    finish(run)

    assert (run.status, run.attempt) == (Run.Status.SUCCEEDED, 2)
    assert len(replies()) == 1


def test_a_living_worker_keeps_its_run_until_the_lease_ends(say, claude):
    run = say("hello")
    assert run.claim(execution.worker_name())
    recovery.requeue_abandoned()
    run.refresh_from_db()
    assert run.status == Run.Status.RUNNING
    Run.objects.update(lease_until=timezone.now())

    recovery.requeue_abandoned()

    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED


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


def test_the_next_attempt_is_told_what_was_sent_and_it_is_not_sent_twice(say, replies, claude):
    claude.script(ToolUse("mcp__ngb__send_message", {"text": "half of it"}), Failure(500), Failure(500), Failure(500))
    run = say("hello")
    execute(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED
    claude._script.clear()
    claude.script(ToolUse("mcp__ngb__send_message", {"text": "half of it"}), Text("done"))

    finish(run)

    assert replies() == ["half of it", "done"]
    assert "half of it" in str(claude.turns[-2].body["messages"])


def test_a_tool_of_another_groups_chat_is_refused_in_words(say, replies, claude):
    from apps.chats.services import create_group

    create_group(folder="secret")
    claude.script(ToolUse("mcp__ngb__send_message", {"text": "hi", "chat": "web:secret"}), Text("ok"))
    finish(say("hello"))

    assert replies() == ["ok"]
    assert "may not write to web:secret" in str(claude.turns[-1].body["messages"])
    assert Incident.objects.filter(kind="refused tool").exists()


def test_what_is_internal_does_not_leave(say, replies, claude):
    claude.script(Text("hello <internal>secret</internal> world"))
    finish(say("hello"))

    assert replies() == ["hello  world"]


def test_a_message_whose_run_is_missing_gets_one(say, claude, replies):
    say("hello").delete()
    Message.objects.update(created_at=timezone.now() - recovery.PATIENCE * 2)

    recovery.request_missing()
    recovery.request_missing()

    assert Run.objects.count() == 1


def test_usage_is_counted_for_failed_attempts_too(say, claude):
    claude.script(ToolUse("mcp__ngb__send_message", {"text": "x"}), Failure(401, "expired"))
    run = finish(say("hello"))

    assert run.status == Run.Status.FAILED
    assert run.input_tokens > 0
    assert run.cost_usd > 0


def test_a_flood_of_messages_in_mid_turn_is_answered_in_few_prompts(say, replies, claude):
    claude.script(Text("slow " * 20, pieces=20, delay=0.15))
    worker = in_thread(execute, say("first").pk)
    claude.wait_for_turns(1)
    for number in range(150):
        say(f"more {number}")
    worker.join(60)

    run = Run.objects.earliest("pk")
    assert run.status == Run.Status.SUCCEEDED, run.error
    assert run.attempt == 1
    for waiting in Run.objects.filter(status=Run.Status.QUEUED):
        finish(waiting)
    assert not Message.objects.inbound().filter(run__isnull=True).exists()
    assert "more 149" in str(claude.turns[-1].body["messages"])
