"""What the worker publishes while an answer is written, heard on a real Redis."""

import time
from typing import Any

import pytest

from apps.agents.models import Run, RunStep
from apps.agents.services import session_for
from apps.dashboard import live
from apps.events import hooks
from apps.events.pubsub import subscription
from tests.chats.support import answered

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(chat, monkeypatch):
    monkeypatch.setattr(live, "_deltas", live.Deltas())  # as in a process that begins
    return Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", status="running")


@pytest.fixture
def heard(redis_server, chat):
    """Collects what is published on the chat's topic until the condition holds."""
    with subscription(live.topic(chat.pk)) as receive:
        receive(5)

        def until(condition):
            payloads: list[dict[str, Any]] = []
            deadline = time.monotonic() + 30
            while not condition(payloads):
                assert time.monotonic() < deadline, payloads
                if publication := receive(0.1):
                    payloads.append(publication[1])
            return payloads

        yield until


def text(payloads):
    """What a page shows, which joins pieces by their places."""
    shown = ""
    for payload in payloads:
        if payload["kind"] == "delta":
            assert payload["at"] in (0, len(shown))
            shown = shown[: payload["at"]] + payload["text"]
    return shown


def test_many_small_pieces_are_told_together_and_in_order(run, heard):
    words, began = [f"word{number} " for number in range(300)], time.monotonic()

    hooks.run_delta.fire(run=run, text=words[0])
    first = heard(lambda told: told)
    for word in words[1:]:
        hooks.run_delta.fire(run=run, text=word)
        time.sleep(0.001)
    payloads = heard(lambda told: text([*first, *told]) == "".join(words))

    assert 1 <= len(payloads) <= (time.monotonic() - began) / live.COALESCE_S


def test_another_attempt_begins_anew(run, heard):
    hooks.run_delta.fire(run=run, text="the first attempt")
    heard(lambda told: text(told) == "the first attempt")
    run.status = Run.Status.QUEUED
    hooks.run_changed.fire(run=run)

    hooks.run_delta.fire(run=run, text="the second")
    payloads = heard(lambda told: text(told[1:]) == "the second")

    assert payloads[0] == {"kind": "run"}


def test_a_tool_between_two_texts_parts_them(run, heard):
    hooks.run_delta.fire(run=run, text="I look it up.")
    first = heard(lambda told: told)
    hooks.run_step.fire(step=RunStep(run=run, seq=1, kind="tool", summary="search"))
    hooks.run_delta.fire(run=run, text="Found.")

    payloads = heard(lambda told: len(told) == 2)

    assert payloads[0] == {"kind": "run"}
    assert text([*first, *payloads]) == "I look it up.\n\nFound."


def test_a_run_without_a_chat_tells_nobody(run, chat, heard):
    run.chat = None

    hooks.run_delta.fire(run=run, text="in the dark")
    hooks.run_changed.fire(run=run)
    time.sleep(3 * live.COALESCE_S)
    hooks.message_stored.fire(message=answered(chat, "the next thing that is told"))

    assert [told["kind"] for told in heard(lambda told: told)] == ["message"]
