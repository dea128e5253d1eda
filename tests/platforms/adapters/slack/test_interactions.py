"""Questions and the buttons that people press."""

from typing import Any

import pytest

from apps.agents.models import Question
from apps.chats.models import Chat, Message
from apps.platforms.adapters.slack.interactions import pressed
from tests.platforms.fuzz import mutations, survived
from tests.platforms.support import answered, ask, registered_chat, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

PRESS = {
    "type": "block_actions",
    "user": {"id": "UANN", "name": "ann"},
    "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": "C1", "thread_ts": "1.1"},
    "actions": [{"type": "button", "value": "q1:0", "action_ts": "1700000001.000100"}],
}  # fmt: skip


@pytest.fixture
def question(fresh_redis: None, chat: Chat, listeners: Any) -> Question:
    listeners.start()
    until(lambda: status() == "online")
    return ask(chat)


def buttons(call: Any) -> list[tuple[str, str]]:
    (actions,) = [block for block in call.parameters["blocks"] if block["type"] == "actions"]
    return [(element["text"]["text"], element["value"]) for element in actions["elements"]]


def test_a_press_answers_is_acknowledged_and_takes_the_buttons_away(api, question):
    asked = api.wait_for_sent(1)[0]
    assert buttons(asked) == [("Red", question.token(0)), ("Dark blue", question.token(1))]
    assert asked.parameters["blocks"][0]["text"]["text"] == asked.text == "Which *colour*?"

    envelope = api.press(question.token(1), ts=asked.ts)

    until(lambda: answered(question) == "Dark blue")
    assert api.wait_for(lambda: envelope in api.acknowledged)
    assert api.wait_for(lambda: bool(api.calls_of("chat.update")))
    update = api.calls_of("chat.update")[0]
    assert (update.parameters["ts"], update.parameters["blocks"]) == (asked.ts, [])
    assert update.text == "Which *colour*?\n\n✔ Dark blue (Ann Lee)"
    assert Message.objects.inbound().get().run == question.run


def test_in_a_thread_the_press_counts_there(api, fresh_redis, chat, listeners):
    listeners.start()
    until(lambda: status() == "online")
    question = ask(chat, thread_id="1700000000.000100")
    asked = api.wait_for_sent(1)[0]
    api.press(question.token(0), ts=asked.ts, thread_ts="1700000000.000100")
    until(lambda: answered(question) == "Red")
    assert Message.objects.inbound().get().thread_id == "1700000000.000100"


def test_another_bots_button_and_one_from_elsewhere_answer_nothing(api, question, chat):
    registered_chat(chat.channel, "C2")
    asked = api.wait_for_sent(1)[0]
    envelopes = [
        api.press("something", ts=asked.ts),
        api.press(question.token(0), ts=asked.ts, channel="C2"),
        api.push(None, type="interactive", payload={"type": "view_submission"}),
        api.push(None, type="interactive", payload=["?"]),
    ]
    assert api.wait_for(lambda: set(envelopes) <= set(api.acknowledged))
    assert answered(question) == ""
    assert not Message.objects.inbound().exists()


def test_a_long_question_has_its_buttons_apart(api, fresh_redis, chat, listeners):
    listeners.start()
    until(lambda: status() == "online")
    question = ask(chat, text="word " * 700)
    words, choice = api.wait_for_sent(2)
    assert "blocks" not in words.parameters
    assert buttons(choice)[0] == ("Red", question.token(0))
    api.press(question.token(0), ts=choice.ts)
    assert api.wait_for(lambda: bool(api.calls_of("chat.update")))
    assert (api.calls_of("chat.update")[0].parameters["ts"], api.calls_of("chat.update")[0].text) == (
        choice.ts,
        "✔ Red (Ann Lee)",
    )


def test_what_slack_may_send_instead_is_read_or_refused():
    assert pressed(PRESS)
    assert survived(pressed, mutations(PRESS)) > 0
