"""Steering a real agent from the chat: what is written goes through intake, the runner and the SDK are real."""

import os
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from apps.agents.models import Run, Session
from apps.agents.runs.execution import execute
from apps.agents.sandbox import docker, process
from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message, Sender
from apps.platforms.inbound import intake
from tests.fakes.messages_api import Text
from tests.waiting import in_thread, in_time, until

TALE = Text("word " * 200, pieces=200, delay=0.1)  # twenty seconds long


@pytest.fixture
def write(chat: Chat) -> Callable[[str], Message | None]:
    """A person on the chat page, who may change groups."""

    def write(text):
        return intake.accept(
            chat.channel,
            InboundMessage(
                external_id=uuid.uuid4().hex,
                chat_id=chat.external_id,
                chat_kind=Chat.Kind.DIRECT,
                sender_id="user-1",
                text=text,
                mentions_bot=True,
                access=Sender.Access.ADMIN,
            ),
        )

    return write


def words(chat: Chat) -> list[str]:
    return list(chat.messages.outbound().exclude(kind=Message.Kind.NOTICE).values_list("text", flat=True))


@pytest.fixture
def stopped(write: Callable[[str], Any], chat: Chat, heard: list[str]) -> Callable[..., None]:
    """Stops the teller of a tale in the middle of it, within two seconds; what it said is kept."""

    def stop(claude, command="/stop"):
        heard.clear()
        before = words(chat)
        claude.script(TALE)
        write("tell me everything")
        run = Run.objects.latest("pk")
        worker = in_thread(execute, run.pk)
        until(lambda: len(heard) > 2)
        took = ended(run, worker, write, command)
        (answer,) = words(chat)[len(before) :]
        assert 3 <= answer.count("word") < 150
        return took

    return lambda *how: in_time(2, lambda: stop(*how))


def ended(run: Run, worker: threading.Thread, write: Callable[[str], Any], command: str = "/stop") -> float:
    """How long it took."""
    begun = time.monotonic()
    write(command)
    until(lambda: Run.objects.get(pk=run.pk).is_over)
    took = time.monotonic() - begun
    assert Run.objects.get(pk=run.pk).status == Run.Status.CANCELLED
    worker.join(30)
    return took


def test_stop_ends_the_turn_within_two_seconds_and_what_was_said_is_kept(claude, stopped):
    stopped(claude)
    assert not Message.objects.inbound().filter(run=None, withheld=False).exists()


@pytest.mark.docker
def test_in_a_container_too(sealed, stopped):
    stopped(sealed)


def stopped_at_its_start(write: Callable[[str], Any]) -> float:
    """How long that took."""
    write("hello")
    run = Run.objects.latest("pk")
    worker = in_thread(execute, run.pk)
    until(lambda: Run.objects.get(pk=run.pk).status == Run.Status.RUNNING)
    time.sleep(0.5)
    return ended(run, worker, write)


def test_an_agent_that_is_still_starting_is_stopped_too(write, chat, tmp_path, monkeypatch):
    (tmp_path / "ngb_runner").mkdir()
    (tmp_path / "ngb_runner" / "__init__.py").touch()
    (tmp_path / "ngb_runner" / "__main__.py").write_text("import sys\nsys.stdin.read()")
    monkeypatch.setattr(process, "RUNNER", tmp_path)
    in_time(2, lambda: stopped_at_its_start(write))
    assert words(chat) == []
    assert not process._living
    assert not Message.objects.inbound().filter(run=None, withheld=False).exists()


@pytest.mark.docker
def test_whoever_waits_for_others_to_start_is_stopped_too(sealed, write, chat):
    with ExitStack() as others:
        for _ in range(os.cpu_count() or 1):
            others.enter_context(docker._cold_starts)
        in_time(2, lambda: stopped_at_its_start(write))
    assert words(chat) == []


def test_after_a_stop_the_conversation_goes_on(claude, write, chat, stopped):
    stopped(claude)
    claude.script(Text("gladly"))
    write("something else, please")
    execute(Run.objects.get(status=Run.Status.QUEUED).pk)
    assert words(chat)[-1] == "gladly"
    assert "tell me everything" in str(claude.turns[-1].body["messages"])


def test_after_new_the_model_knows_nothing_of_before(claude, write, chat):
    claude.script(Text("noted"))
    write("my cat is called Mitzi")
    execute(Run.objects.get().pk)
    write("/new")
    assert Session.objects.get().sdk_session_id == ""
    claude.script(Text("I do not know"))
    write("what is my cat called?")
    execute(Run.objects.get(status=Run.Status.QUEUED).pk)
    assert words(chat) == ["noted", "I do not know"]
    assert "Mitzi" not in str(claude.turns[-1].body["messages"])


def test_new_in_the_middle_of_a_turn_stops_it_and_its_memory_stays_forgotten(claude, stopped):
    stopped(claude, "/new")
    assert Session.objects.get().sdk_session_id == ""
