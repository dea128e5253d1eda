"""An AI bot in a group: one answer to each message, at the address that came with it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from apps.agents.models import Run
from apps.chats.models import Attachment, Chat, Message
from apps.chats.workspace.folders import workspace
from tests.fakes.json_api import Answer
from tests.fakes.stand_in import Cut, Garbage
from tests.fakes.wecom_api import bot_callback, bot_message, error
from tests.platforms.hooks import call
from tests.platforms.support import outbound, put, send, status
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100_000


def tell(chat: Chat, given: Any) -> None:
    body, query = bot_callback(given)
    assert call(chat.channel, body, query=query).status_code == 200


def test_a_mention_in_a_group_is_answered(api, listeners, chat):
    listeners.start()
    tell(chat, bot_message(api.url))

    assert Message.objects.get().calls_agent
    assert Chat.objects.get(pk=chat.pk).kind == "group"
    send(chat, "**Hi** all")
    (sent,) = api.wait_for_calls("aibot/response")
    assert sent.query == {"response_code": "code-1"}
    assert sent.body == {"msgtype": "markdown", "markdown": {"content": "**Hi** all"}}
    until(lambda: outbound("sent") == 1)


def test_the_address_is_kept_encrypted(api, chat):
    tell(chat, bot_message(api.url))
    with connection.cursor() as cursor:
        cursor.execute("SELECT context FROM chats_chat")
        assert "code-1" not in str(cursor.fetchall())


def test_a_second_answer_to_the_same_message_fails_and_says_why(api, listeners, chat):
    listeners.start()
    tell(chat, bot_message(api.url, 1))
    send(chat, "one")
    send(chat, "two")
    until(lambda: outbound("failed") == 1)
    assert "one answer to each message" in Message.objects.get(text="two").error

    tell(chat, bot_message(api.url, 2))
    send(chat, "three")
    assert [sent.query["response_code"] for sent in api.wait_for_calls("aibot/response", 2)] == ["code-1", "code-2"]


def test_an_address_that_wecom_says_was_used_is_a_failure(api, listeners, chat):
    api.answered = {"code-1"}
    tell(chat, bot_message(api.url))
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert "response_code used" in Message.objects.get(text="hi").error


def test_after_an_hour_nobody_is_asked(api, listeners, chat):
    tell(chat, bot_message(api.url))
    late = Chat.objects.get(pk=chat.pk)
    late.context = {**late.context, "until": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}
    late.save(update_fields=["context"])
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert not api.calls


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9/x", "https://qyapi.weixin.qq.com.example.org/x", "nonsense"])
def test_no_other_address_is_believed(api, listeners, chat, url):
    tell(chat, bot_message(api.url, response_url=url))
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert not api.calls


@pytest.mark.parametrize("trouble", [Answer(502), Answer(200, error(-1)), Garbage(), Cut()])
def test_passing_trouble_is_retried(api, listeners, chat, trouble):
    api.fail("aibot/response", trouble)
    tell(chat, bot_message(api.url))
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert [call.done for call in api.calls_of("aibot/response", done=False)] == [False, True]


def test_a_picture_is_decrypted(api, listeners, chat):
    api.files = {"p": PNG}
    listeners.start()
    until(lambda: status() == "online")
    tell(chat, bot_message(api.url, msgtype="image", image={"url": f"{api.url}/files/p"}))

    until(Run.objects.first)
    attachment = Attachment.objects.get()
    assert attachment.state == "ready", attachment.error
    assert (workspace(chat.group) / attachment.path).read_bytes() == PNG


def test_a_picture_that_is_rubbish_is_a_placeholder(api, listeners, chat):
    api.fail("file", Garbage(b"x" * 100))
    listeners.start()
    tell(chat, bot_message(api.url, msgtype="image", image={"url": f"{api.url}/files/p"}))

    until(Run.objects.first)
    assert "cannot be decrypted" in Attachment.objects.get().error


def test_files_are_said_to_be_impossible(api, listeners, chat):
    tell(chat, bot_message(api.url))
    put(chat, "data.csv", b"a,b,c,d")
    listeners.start()
    (sent,) = api.wait_for_calls("aibot/response")
    assert "[data.csv: files cannot be sent here]" in json.dumps(sent.body)
