"""Questions and the buttons that people press."""

import json
from typing import Any

import pytest

from apps.agents.models import Question
from apps.chats.models import Chat, Message
from apps.platforms.adapters.feishu.payloads import Me, event
from tests.fakes.feishu_api import Failure
from tests.platforms.adapters.feishu.support import PRESS
from tests.platforms.fuzz import mutations, survived
from tests.platforms.support import answered, ask, registered_chat, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def question(fresh_redis: None, chat: Chat, listeners: Any) -> Question:
    listeners.start()
    until(lambda: status() == "online")
    return ask(chat)


def buttons(call: Any) -> list[tuple[str, str]]:
    elements = [each for each in call.content["body"]["elements"] if each["tag"] == "button"]
    return [(each["text"]["content"], each["behaviors"][0]["value"]["answer"]) for each in elements]


def test_a_press_answers_is_acknowledged_and_takes_the_buttons_away(api, question):
    asked = api.wait_for_sent(1)[0]
    assert buttons(asked) == [("Red", question.token(0)), ("Dark blue", question.token(1))]
    Chat.objects.filter(external_id="oc_team").update(kind="direct")

    api.press(question.token(1), message_id=asked.message_id)

    until(lambda: answered(question) == "Dark blue")
    assert api.wait_for(lambda: bool(api.acknowledged))
    assert api.acknowledged[0]["payload"] == {"code": 200}
    assert api.wait_for(lambda: bool(api.calls_of("patch")))
    edit = api.calls_of("patch")[0]
    assert (edit.target, buttons(edit)) == (asked.message_id, [])
    assert "✔ Dark blue" in edit.text
    assert Message.objects.inbound().get().run == question.run
    assert Chat.objects.get(external_id="oc_team").kind == "direct"


def test_a_card_that_feishu_refuses_goes_out_with_numbered_lines(api, chat, listeners, fresh_redis):
    api.fail("send", Failure(230099, "Failed to create card content"))
    listeners.start()
    until(lambda: status() == "online")
    question = ask(chat)
    asked = api.wait_for_sent(1)[0]
    assert "1. Red\n2. Dark blue" in asked.text
    api.say("2")
    until(lambda: answered(question) == "Dark blue")


def test_a_button_from_elsewhere_answers_nothing(api, question, chat):
    registered_chat(chat.channel, "oc_other")
    asked = api.wait_for_sent(1)[0]
    api.press(question.token(0), message_id=asked.message_id, chat_id="oc_other")
    api.press("", message_id=asked.message_id)
    assert api.wait_for(lambda: len(api.acknowledged) == 2)
    assert answered(question) == ""
    assert not Message.objects.inbound().exists()


def test_what_feishu_may_send_instead_is_read_or_refused():
    assert event(PRESS, Me("a", "ou_me"))
    objects = [json.loads(json.dumps(payload)) for payload in mutations(PRESS) if isinstance(payload, dict)]
    assert survived(lambda payload: event(payload, Me("a", "ou_me")), objects) > 0
