"""Questions on Telegram's wire: buttons, presses, and what becomes of them; numbered lines where there are none."""

import json

import pytest
from django.test import Client

from apps.agents.questions import questions
from apps.chats.models import Channel, Message
from apps.platforms.base import Buttons
from apps.platforms.outbound import question_parts
from tests.fakes.telegram_api import Failure
from tests.platforms.support import answered, ask, registered_chat, status, telegram_channel
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


BOB = {"id": 43, "is_bot": False, "first_name": "Bob"}


def keyboard(call) -> list[tuple[str, str]]:
    rows = json.loads(call.parameters["reply_markup"])["inline_keyboard"]
    return [(button["text"], button["callback_data"]) for row in rows for button in row]


def test_a_question_has_buttons_and_a_press_answers_it(api, question):
    asked = api.wait_for_sent(1)[0]
    assert asked.text == "Which <b>colour</b>?"
    assert keyboard(asked) == [("Red", question.token(0)), ("Dark blue", question.token(1))]

    press = api.press(question.token(1), message_id=asked.message_id)

    until(lambda: answered(question) == "Dark blue")
    assert api.wait_for(lambda: bool(api.calls_of("answerCallbackQuery")))
    assert api.calls_of("answerCallbackQuery")[0].parameters["callback_query_id"] == press
    assert api.wait_for(lambda: bool(api.calls_of("editMessageText")))
    edit = api.calls_of("editMessageText")[0]
    assert (edit.message_id, "reply_markup" in edit.parameters) == (asked.message_id, False)
    assert edit.text == "Which <b>colour</b>?\n\n✔ Dark blue (Ann)"
    assert Message.objects.inbound().get().run == question.run


def test_a_second_press_is_told_that_it_is_too_late(api, question):
    asked = api.wait_for_sent(1)[0]
    api.press(question.token(0), message_id=asked.message_id)
    until(lambda: answered(question))

    api.press(question.token(1), message_id=asked.message_id, user=BOB)

    assert api.wait_for_sent(2)[1].text == "Bob: Ann has answered that already: Red"
    assert answered(question) == "Red"


def test_a_number_and_a_reply_answer_as_well(api, question):
    asked = api.wait_for_sent(1)[0]
    api.say("2", reply_to_message={"message_id": asked.message_id, "date": 1, "chat": {"id": -1001, "type": "group"}})
    until(lambda: answered(question) == "Dark blue")
    assert not Message.objects.inbound().get().calls_agent


def test_in_a_topic_the_press_counts_there(api, chat, listeners):
    listeners.start()
    until(lambda: status() == "online")
    question = ask(chat, thread_id="7")
    asked = api.wait_for_sent(1)[0]
    assert asked.parameters["message_thread_id"] == "7"
    api.press(question.token(0), message_id=asked.message_id)
    until(lambda: answered(question) == "Red")


def test_a_press_that_telegram_forgot_holds_up_nothing(api, question):
    asked = api.wait_for_sent(1)[0]
    api.fail("answerCallbackQuery", Failure(400, "Bad Request: query is too old and response timeout expired"))
    api.press(question.token(0), message_id=asked.message_id)
    until(lambda: answered(question) == "Red")
    api.say("hello")
    until(lambda: Message.objects.filter(text="hello").exists())
    assert [call.answered for call in api.calls_of("answerCallbackQuery")] == [False]


def test_by_webhook_the_press_is_acknowledged_in_the_answer(api, listeners, redis_server):
    chat = registered_chat(telegram_channel(api, options={"api_base": api.url, "mode": "webhook"}))
    listeners.start()
    assert api.wait_for(lambda: bool(api.calls_of("setWebhook")))
    hook = api.calls_of("setWebhook")[0].parameters
    until(lambda: Channel.objects.get(name="bot").identity.get("username") == "my_bot")
    question = ask(chat)
    under = {"message_id": 5, "date": 1, "chat": {"id": -1001, "type": "supergroup"}}
    press = {"id": "cb1", "from": BOB, "chat_instance": "1", "data": question.token(0), "message": under}

    path = hook["url"].partition("://")[2].partition("/")[2]
    secret = {"X-Telegram-Bot-Api-Secret-Token": hook["secret_token"]}
    update = json.dumps({"update_id": 1, "callback_query": press})
    answer = Client().post(f"/{path}", update, "application/json", headers=secret)

    assert answer.json() == {"method": "answerCallbackQuery", "callback_query_id": "cb1"}
    assert answered(question) == "Red"


def shown(chat, labels, limits) -> tuple[str, list[str]]:
    message = ask(chat, labels).messages.get()
    text, buttons = question_parts.shown(message, limits)
    return text, [button.label for button in buttons]


def test_where_the_buttons_say_everything_no_lines_repeat_it(chat):
    assert shown(chat, ["Yes", "No"], Buttons(3, 20)) == ("Which **colour**?", ["Yes", "No"])


def test_long_labels_stand_in_the_text_and_the_buttons_are_cut(chat):
    text, labels = shown(chat, ["A very long answer", "No"], Buttons(3, 10))
    assert text == "Which **colour**?\n\n1. A very long answer\n2. No"
    assert labels == ["1. A very…", "2. No"]


@pytest.mark.parametrize("limits", [None, Buttons(2, 20)])
def test_without_room_for_all_there_are_lines_only(chat, limits):
    text, labels = shown(chat, ["A", "B", "C"], limits)
    assert text == "Which **colour**?\n\n1. A\n2. B\n3. C\n\nAnswer with a number."
    assert labels == []


def test_what_was_answered_before_it_went_out_goes_out_without_buttons(api, chat, listeners):
    question = ask(chat)
    assert questions.answer(question, "Red") == ""
    listeners.start()
    sent = api.wait_for_sent(1)[0]
    assert sent.text == "Which <b>colour</b>?\n\n✔ Red"
    assert "reply_markup" not in sent.parameters
