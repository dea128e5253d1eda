import pytest

from apps.chats.models import Chat, Message, Sender
from apps.chats.services import send_message, web_chat
from tests.api.support import JSON, MESSAGES, client, url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


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


def test_only_a_token_for_administration_gives_admins_commands(family):
    refused = client("write").post(MESSAGES, {"text": "/model claude-opus-4-1"}, JSON).json()
    assert "Only an admin" in refused["reply"]["text"]
    client("admin").post(MESSAGES, {"text": "/model claude-opus-4-1"}, JSON)
    family.refresh_from_db()
    assert family.model == "claude-opus-4-1"


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
