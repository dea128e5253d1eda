"""An agent is reached, gets ready or is given up, and is left warm for the next run."""

from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.services import request_run
from apps.agents.turns import agent_connection
from apps.chats.models import Incident
from tests.fakes.runner import HONEST


def test_a_run_that_finds_nothing_to_answer_leaves_the_warm_agent_as_it_was(say, replies, chat, group, monkeypatch):
    monkeypatch.setattr(agent_connection, "SILENCE", 30.0)  # it is ready at once, unless the machine stalls
    first = say("echo one")
    execute(first.pk)
    empty = request_run(group, chat=chat, cause=Run.Cause.MESSAGE)
    execute(empty.pk)
    second = say("echo two")
    execute(second.pk)

    runs = Run.objects.order_by("pk")
    assert [run.status for run in runs] == [Run.Status.SUCCEEDED] * 3
    assert [run.container for run in runs] == [runs[0].container, "", runs[0].container]
    assert len(replies()) == 2
    assert not Incident.objects.exists()  # what the agent said to the empty run's start was heard by nobody else


def test_an_agent_that_does_not_get_ready_for_an_empty_run_gives_way(say, replies, chat, group, runner):
    runner("result()\nsys.stdin.read()")
    first = say("one")
    execute(first.pk)
    execute(request_run(group, chat=chat, cause=Run.Cause.MESSAGE).pk)
    second = say("two")
    execute(second.pk)

    first.refresh_from_db()
    second.refresh_from_db()
    assert replies() == ["answer", "answer"]
    assert first.container != second.container


def test_a_runner_that_says_nothing_is_given_up(say, runner, monkeypatch):
    from apps.agents.turns import agent_connection

    monkeypatch.setattr(agent_connection, "START_TIMEOUT", 0.5)
    runner("import sys; sys.stdin.read()", head="")
    run = say("hello")

    execute(run.pk)

    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED
    assert "not ready within" in run.error


def test_another_protocol_is_said_in_words_and_not_tried_again(say, replies, runner):
    runner("", head=HONEST.replace("protocol=1", "protocol=99"))
    run = say("hello")

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.FAILED, 1)
    assert "protocol 99" in replies()[0]
