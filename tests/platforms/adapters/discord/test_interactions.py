"""Questions and the buttons that people press."""

from typing import Any

import pytest

from apps.agents.models import Question
from apps.chats.models import Chat, Message
from apps.platforms.adapters.discord.interactions import pressed
from apps.platforms.adapters.discord.payloads import Place
from tests.fakes.discord_gateway import Failure
from tests.platforms.fuzz import mutations, survived
from tests.platforms.support import answered, ask, registered_chat
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

PRESS = {
    "id": "7", "type": 3, "token": "t", "guild_id": "500", "channel_id": "600", "message": {"id": "6"},
    "member": {"user": {"id": "42", "username": "ann", "global_name": "Ann"}, "nick": None},
    "data": {"component_type": 2, "custom_id": "q1:0"},
}  # fmt: skip


@pytest.fixture
def question(fresh_redis: None, online: Chat) -> Question:
    return ask(online)


def buttons(call: Any) -> list[tuple[str, str]]:
    return [(each["label"], each["custom_id"]) for row in call.parameters["components"] for each in row["components"]]


def test_a_press_answers_is_acknowledged_and_takes_the_buttons_away(discord, question):
    asked = discord.wait_for_sent(1)[0]
    assert buttons(asked) == [("Red", question.token(0)), ("Dark blue", question.token(1))]
    assert asked.parameters["allowed_mentions"] == {"parse": []}

    press = discord.press(question.token(1), message_id=asked.message_id)

    until(lambda: answered(question) == "Dark blue")
    assert discord.wait_for(lambda: bool(discord.calls_of("callback")))
    callback = discord.calls_of("callback")[0].parameters
    assert (callback["interaction_id"], callback["token"], callback["type"]) == (press, f"press-token-{press}", 6)
    assert discord.wait_for(lambda: bool(discord.calls_of("edit")))
    edit = discord.calls_of("edit")[0]
    assert (edit.message_id, edit.parameters["components"]) == (asked.message_id, [])
    assert edit.text == "Which **colour**?\n\n✔ Dark blue (Ann)"
    assert Message.objects.inbound().get().run == question.run


def test_in_a_thread_the_press_counts_there(discord, fresh_redis, online):
    question = ask(online, thread_id="650")
    asked = discord.wait_for_sent(1)[0]
    assert asked.channel_id == "650"
    discord.press(question.token(0), message_id=asked.message_id, channel_id="650")
    until(lambda: answered(question) == "Red")


def test_eight_choices_stand_in_rows_of_five(discord, fresh_redis, online):
    ask(online, choices=[f"Choice {number}" for number in range(8)])
    rows = discord.wait_for_sent(1)[0].parameters["components"]
    assert [len(row["components"]) for row in rows] == [5, 3]


def test_a_button_from_elsewhere_answers_nothing_and_is_acknowledged(discord, question, online):
    registered_chat(online.channel, "601")
    asked = discord.wait_for_sent(1)[0]
    discord.press(question.token(0), message_id=asked.message_id, channel_id="601")
    discord.press("something", message_id=asked.message_id)
    assert discord.wait_for(lambda: len(discord.calls_of("callback")) == 2)
    assert answered(question) == ""
    assert not Message.objects.inbound().exists()


def test_a_press_that_discord_forgot_ends_no_connection(discord, question):
    asked = discord.wait_for_sent(1)[0]
    discord.fail("callback", Failure(404, "Unknown interaction", 10062))
    discord.press(question.token(0), message_id=asked.message_id)
    until(lambda: answered(question) == "Red")
    discord.say("still here")
    until(lambda: Message.objects.filter(text="still here").exists())
    assert len(discord.identified) == 1


def test_what_discord_may_send_instead_is_read_or_refused():
    assert pressed(PRESS, Place("600"))
    assert survived(lambda payload: pressed(payload, Place("600")), mutations(PRESS)) > 0
