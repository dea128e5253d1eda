"""A message is stored once, and its answer may be waited for."""

import asyncio
import threading
import time
from uuid import uuid4

import pytest
from django.test import AsyncClient

from apps.agents.models import Run
from apps.api import conversation
from apps.chats.models import Message
from apps.chats.services import send_message
from tests.api.support import JSON, MESSAGES, client, token, url
from tests.api.worker import answers, fails, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


def test_the_answer_is_waited_for(family):
    program = client("write")
    with worker(answers("four", "or so")):
        answer = program.post(MESSAGES, {"text": "two and two?", "wait": 20}, JSON)
    assert answer.status_code == 200
    assert answer.json()["reply"] == {"text": "four\n\nor so"}
    assert answer.json()["run"]["status"] == "succeeded"
    run = program.get(url(f"runs/{answer.json()['run']['id']}")).json()
    assert [step["summary"] for step in run["steps"]] == ["looked it up"]


def test_a_command_is_answered_at_once_and_needs_no_run(family):
    answer = client("write").post(MESSAGES, {"text": "/status", "wait": 20}, JSON)
    assert answer.status_code == 200
    assert "Nothing waits" in answer.json()["reply"]["text"]
    assert answer.json()["run"] is None
    assert not Run.objects.exists()


def test_a_publication_wakes_whoever_waits(family, monkeypatch):
    monkeypatch.setattr(conversation, "LOOK_AGAIN", 30)  # so that looking again cannot be what found it
    with worker(answers("four")):
        answer = client("write").post(MESSAGES, {"text": "two and two?", "wait": 25}, JSON)
    assert answer.json()["reply"] == {"text": "four"}


def test_a_lost_publication_costs_seconds_only(family):
    with worker(answers("four"), told=False):
        answer = client("write").post(MESSAGES, {"text": "two and two?", "wait": 20}, JSON)
    assert answer.json()["reply"] == {"text": "four"}


def test_a_failed_run_is_no_reply(family):
    with worker(fails):
        answer = client("write").post(MESSAGES, {"text": "hello", "wait": 20}, JSON)
    assert (answer.status_code, answer.json()["reply"]) == (200, None)
    assert (answer.json()["run"]["status"], answer.json()["run"]["error"]) == ("failed", "The key is wrong.")


def test_the_wait_elapses(family):
    began = time.monotonic()
    answer = client("write").post(MESSAGES, {"text": "hello", "wait": 0.6}, JSON)
    assert (answer.status_code, answer.json()["reply"]) == (202, None)
    assert 0.5 < time.monotonic() - began < 15


def test_many_wait_at_once_and_the_event_loop_stays_free(family):
    headers = {"authorization": f"Bearer {token('write')}"}

    async def ask():
        answer = await AsyncClient().post(MESSAGES, {"text": "hello", "wait": 20}, JSON, headers=headers)
        return answer.status_code, answer.json()["reply"]

    async def everybody():
        return await asyncio.gather(*[ask() for _ in range(12)])

    with worker(answers("hi")):
        found = asyncio.run(everybody())
    assert {status for status, _ in found} == {200}
    assert all(reply and reply["text"].startswith("hi") for _, reply in found)


def test_too_many_are_not_made_to_wait(family, monkeypatch):
    monkeypatch.setattr(conversation, "MOST_WAITING", 0)
    began = time.monotonic()
    assert client("write").post(MESSAGES, {"text": "hello", "wait": 60}, JSON).status_code == 202
    assert time.monotonic() - began < 30


def test_the_same_external_id_is_one_message_and_one_answer(family):
    program = client("write")
    question = {"text": "hello", "external_id": "order-7", "wait": 20}
    with worker(answers("hi")):
        first = program.post(MESSAGES, question, JSON)
        second = program.post(MESSAGES, question, JSON)
    assert second.json() == first.json()
    assert Message.objects.inbound().count() == Run.objects.count() == 1


def test_an_external_id_is_ones_own(family):
    client("write").post(MESSAGES, {"text": "hello", "external_id": "1"}, JSON)
    assert client("write").post(MESSAGES, {"text": "hi", "external_id": "1"}, JSON).status_code == 202
    assert Message.objects.count() == 2


def test_another_text_with_the_same_external_id_is_refused(family):
    program = client("write")
    program.post(MESSAGES, {"text": "hello", "external_id": "1"}, JSON)
    answer = program.post(MESSAGES, {"text": "goodbye", "external_id": "1"}, JSON)
    assert answer.status_code == 409
    assert Message.objects.count() == 1


def test_a_message_that_joins_a_turn_in_progress_shares_its_answer(family):
    program, begun, go_on = client("write"), threading.Event(), threading.Event()

    def turn(run):
        begun.set()
        assert go_on.wait(60)
        assert run.chat
        Message.objects.unhandled(run.chat).update(run=run)
        Run.objects.filter(status="queued").delete()
        send_message(run.chat, text="both", run_id=run.pk)
        return ""

    with worker(turn):
        program.post(MESSAGES, {"text": "first"}, JSON)
        assert begun.wait(60)
        threading.Timer(1, go_on.set).start()
        answer = program.post(MESSAGES, {"text": "and", "wait": 20, "external_id": str(uuid4())}, JSON)
    assert answer.json()["reply"] == {"text": "both"}
