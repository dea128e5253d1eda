import asyncio
import threading
import time
from uuid import uuid4

import pytest
from django.test import AsyncClient

from apps.agents.models import Run
from apps.api import conversation
from apps.chats.models import Chat, Message, Sender
from apps.chats.services import send_message, web_chat
from tests.api.support import JSON, client, token, url
from tests.api.worker import answers, fails, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]

MESSAGES = url("groups/family/messages")


def said(chat: Chat, text: str) -> Message:
    message = send_message(chat, text=text)
    assert message
    return message


def test_a_message_is_stored_and_calls_the_agent(family):
    answer = client("write").post(MESSAGES, {"text": "hello"}, JSON)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["message"]["text"], body["message"]["chat"], body["message"]["direction"]) == (
        "hello",
        "web:family",
        "in",
    )
    assert body["reply"] is None
    assert client("read").get(url(f"runs/{body['run']['id']}")).json() == body["run"] | {"steps": []}
    assert (body["run"]["status"], body["run"]["group"]) == ("queued", "family")
    assert Message.objects.get().chat == web_chat(family)


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


def test_only_a_token_for_administration_gives_admins_commands(family):
    refused = client("write").post(MESSAGES, {"text": "/model claude-opus-4-1"}, JSON).json()
    assert "Only an admin" in refused["reply"]["text"]
    client("admin").post(MESSAGES, {"text": "/model claude-opus-4-1"}, JSON)
    family.refresh_from_db()
    assert family.model == "claude-opus-4-1"


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


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "\0"}, "text"),
        ({"text": "x" * 32_001}, "text"),
        ({"text": 7}, "text"),
        ({"text": "hi", "wait": 301}, "wait"),
        ({"text": "hi", "wait": -1}, "wait"),
        ({"text": "hi", "wait": "long"}, "wait"),
        ({"text": "hi", "external_id": "x" * 201}, "external_id"),
        ({"text": "hi", "sender": "the boss"}, "sender"),
    ],
)
def test_bad_input_is_422_and_stores_nothing(family, body, field):
    answer = client("write").post(MESSAGES, body, JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert not Message.objects.exists()


def test_a_text_may_have_32000_characters(family):
    assert client("write").post(MESSAGES, {"text": "x" * 32_000}, JSON).status_code == 202


def test_a_blocked_sender_is_told(family):
    program = client("write")
    program.post(MESSAGES, {"text": "hello"}, JSON)
    Sender.objects.update(access="blocked")
    answer = program.post(MESSAGES, {"text": "hello?"}, JSON)
    assert (answer.status_code, "not accepted" in answer.json()["detail"]) == (403, True)


def test_the_transcript_is_read_page_by_page(family):
    ids = [said(web_chat(family), str(number)).pk for number in range(5)]
    program = client("read")
    newest = program.get(MESSAGES, {"limit": 2}).json()
    assert [message["id"] for message in newest["items"]] == ids[3:]
    older = program.get(MESSAGES, {"limit": 3, "before": newest["before"]}).json()
    assert [message["id"] for message in older["items"]] == ids[:3]
    assert older["before"] is None
    following = program.get(MESSAGES, {"limit": 2, "after": ids[1]}).json()
    assert [message["id"] for message in following["items"]] == ids[2:4]
    assert following["after"] == ids[3]
    end = program.get(MESSAGES, {"after": ids[4]}).json()
    assert (end["items"], end["after"]) == ([], ids[4])
    new = said(web_chat(family), "new").pk
    assert [message["id"] for message in program.get(MESSAGES, {"after": end["after"]}).json()["items"]] == [new]


@pytest.mark.parametrize("cursor", [{"limit": 201}, {"limit": 0}, {"before": "x"}, {"after": -1}])
def test_a_bad_cursor_is_422(family, cursor):
    assert client("read").get(MESSAGES, cursor).status_code == 422


def test_another_groups_messages_are_not_shown(family, work):
    said(web_chat(work), "secret")
    assert client("read").get(MESSAGES).json()["items"] == []


def test_a_run_of_another_group_does_not_exist_for_a_restricted_token(family, work):
    run = client("write").post(MESSAGES, {"text": "hello"}, JSON).json()["run"]["id"]
    assert client("read", groups=(family,)).get(url(f"runs/{run}")).status_code == 200
    assert client("read", groups=(work,)).get(url(f"runs/{run}")).status_code == 404
    assert client("read").get(url("runs/999999")).status_code == 404


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
