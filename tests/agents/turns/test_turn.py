"""One turn with a real agent: what comes in the middle of it, what ends it, and what the next attempt is told."""

import threading
import time

from apps.agents import services
from apps.agents.models import Run, Session
from apps.agents.runs.execution import execute
from apps.chats.models import Message
from tests.agents.support import finish
from tests.fakes.messages_api import Failure, Hang, Text, ToolUse
from tests.waiting import in_thread, in_time, until


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


def test_what_is_internal_does_not_leave(say, replies, claude):
    claude.script(Text("hello <internal>secret</internal> world"))
    finish(say("hello"))

    assert replies() == ["hello  world"]


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
