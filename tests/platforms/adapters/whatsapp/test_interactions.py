"""Questions and the buttons that people press."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.chats.models import Channel, Chat, Message
from tests.fakes.whatsapp_api import ANN, message, value
from tests.platforms.adapters.whatsapp.support import GROUP, tell
from tests.platforms.support import answered, ask, registered_chat, status
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


@pytest.fixture
def online(listeners: Any, chat: Chat) -> Chat:
    listeners.start()
    until(lambda: status() == "online")
    return chat


def press(kind: str, token: str, title: str) -> Any:
    chosen = {"type": kind, kind: {"id": token, "title": title}}
    return message(2, type="interactive", interactive=chosen, context={"from": "15550783881", "id": "wamid.OUT1"})


def test_up_to_three_are_buttons(api, online):
    question = ask(online)
    (sent,) = api.wait_for_calls("messages")
    interactive = sent.body["interactive"]
    assert (interactive["type"], interactive["body"]["text"]) == ("button", "Which *colour*?")
    replies = [button["reply"] for button in interactive["action"]["buttons"]]
    assert [(reply["id"], reply["title"]) for reply in replies] == [
        (question.token(0), "Red"),
        (question.token(1), "Dark blue"),
    ]

    assert tell(online.channel, value(press("button_reply", question.token(1), "Dark blue"))).status_code == 200

    assert answered(question) == "Dark blue"
    assert Message.objects.inbound().get().run == question.run


def test_more_are_a_list(api, online):
    question = ask(online, choices=[f"Choice {number}" for number in range(8)])
    (sent,) = api.wait_for_calls("messages")
    rows = sent.body["interactive"]["action"]["sections"][0]["rows"]
    assert [row["id"] for row in rows] == [question.token(number) for number in range(8)]
    tell(online.channel, value(press("list_reply", question.token(7), "Choice 7")))
    assert answered(question) == "Choice 7"


def test_a_long_question_has_its_buttons_apart(api, online):
    question = ask(online, text="word " * 300)
    words, choice = api.wait_for_calls("messages", 2)
    assert words.body["type"] == "text"
    assert choice.body["interactive"]["action"]["buttons"][0]["reply"]["id"] == question.token(0)


def test_in_a_group_there_are_lines(api, online):
    question = ask(registered_chat(online.channel, GROUP))
    (sent,) = api.wait_for_calls("messages")
    assert sent.body["text"]["body"] == "Which *colour*?\n\n1. Red\n2. Dark blue"
    tell(online.channel, value(message(2, "2", group_id=GROUP)))
    assert answered(question) == "Dark blue"


def test_after_a_day_the_template_holds_the_lines(api, listeners, chat):
    Channel.objects.update(options={"api_base": api.url, "template": "note"})
    Chat.objects.filter(external_id=ANN).update(last_message_at=timezone.now() - timedelta(days=2))
    listeners.start()
    ask(chat)
    (sent,) = api.wait_for_calls("messages")
    parameters = sent.body["template"]["components"][0]["parameters"]
    assert parameters[0]["text"] == "Which colour? 1. Red 2. Dark blue"


def test_another_button_is_a_message_like_any_other(api, online):
    question = ask(online)
    api.wait_for_calls("messages")
    tell(online.channel, value(press("button_reply", "somebody-elses", "Call me")))
    assert answered(question) == ""
    assert Message.objects.inbound().get().text == "Call me"
