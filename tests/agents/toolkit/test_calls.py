"""How many tools a run may call: real tools, a written-down link."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from apps.agents import services
from apps.agents.models import Run
from apps.agents.toolkit import calls as toolcalls
from apps.agents.toolkit import registry
from apps.agents.toolkit.calls import MOST_AT_ONCE, MOST_CALLS, ToolCalls
from apps.chats.models import Chat, Group, Incident
from tests.waiting import until


class Answers(list[dict[str, object]]):
    """What the agent would read."""

    def send(self, kind: str, **fields: object) -> None:
        assert kind == "tool_result"
        self.append(fields)


def until_so_many(answers: Answers, count: int) -> None:
    until(lambda: len(answers) == count)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def calls(group: Group, chat: Chat, answers: Answers) -> ToolCalls:
    run = services.request_run(group, chat=chat, cause=Run.Cause.REQUEST, prompt="x")
    return ToolCalls(run, answers.send)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Tools that wait, as one that asks a person does, and that break."""
    opened = threading.Event()

    @registry.tool("wait_here", "Waits.", registry.Nothing)
    def wait_here(run, given):
        assert opened.wait(60)
        return "Done."

    @registry.tool("break_down", "Breaks.", registry.Nothing)
    def break_down(run, given):
        raise RuntimeError("postgres://user:secret@db")

    yield opened
    opened.set()
    del registry._tools["wait_here"], registry._tools["break_down"]


def frame(number: int, name: str = "list_chats", **given: Any) -> dict[str, Any]:
    return {"type": "tool_call", "id": f"t{number}", "name": name, "input": given}


def test_a_call_is_answered(calls, answers):
    calls.take(frame(1))
    until(lambda: answers)
    assert (answers[0]["id"], answers[0]["is_error"]) == ("t1", False)


def test_a_tool_that_breaks_is_told_without_its_secrets(calls, answers, gate):
    calls.take(frame(1, "break_down"))
    until(lambda: answers)
    assert answers[0]["content"] == "The tool break_down failed; the service's log says why."


def test_more_at_once_than_a_run_may_have_are_refused_in_words(calls, answers, gate):
    for number in range(MOST_AT_ONCE + 1):
        calls.take(frame(number, "wait_here"))
    until(lambda: answers)
    assert (answers[0]["id"], answers[0]["is_error"]) == (f"t{MOST_AT_ONCE}", True)
    gate.set()
    until_so_many(answers, MOST_AT_ONCE + 1)
    calls.take(frame(99))
    until_so_many(answers, MOST_AT_ONCE + 2)
    assert not answers[-1]["is_error"]


def test_one_run_that_waits_holds_up_no_other(calls, answers, gate, group, chat):
    for number in range(MOST_AT_ONCE):
        calls.take(frame(number, "wait_here"))
    others = Answers()
    other = services.request_run(group, chat=chat, cause=Run.Cause.REQUEST, prompt="y")
    ToolCalls(other, others.send).take(frame(1))
    until(lambda: others)
    assert not answers


def test_a_run_that_calls_without_end_is_told_to_end_and_noted_once(calls, answers, monkeypatch):
    monkeypatch.setattr(toolcalls, "MOST_CALLS", 3)
    assert MOST_CALLS > 100
    for number in range(6):
        calls.take(frame(number))
        until_so_many(answers, number + 1)
    assert [answer["is_error"] for answer in answers] == [False] * 3 + [True] * 3
    assert Incident.objects.get(kind="refused tool").times == 1
