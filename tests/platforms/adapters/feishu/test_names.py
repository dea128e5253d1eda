"""People's names, chats' titles, and the words that are answered."""

import json
import time

import pytest

from apps.chats.models import Message
from tests.fakes.feishu_api import APP_ID, Failure
from tests.fakes.stand_in import Hang
from tests.platforms.adapters.feishu.support import inbound_one
from tests.platforms.support import status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_answer_to_the_bot_calls_it_with_the_words_that_are_answered(api, listeners, chat):
    said = {"sender": {"id": APP_ID, "id_type": "app_id", "sender_type": "app"}, "msg_type": "text"}
    api.messages["om_ours"] = {**said, "body": {"content": json.dumps({"text": "what I said"})}}
    listeners.start()
    api.say("and then?", parent_id="om_ours", root_id="om_ours")
    message = inbound_one()
    assert (message.calls_agent, message.reply_to, message.quoted_text) == (True, "om_ours", "what I said")
    assert message.thread_id == ""


def test_an_answer_to_somebody_else_does_not_call(api, listeners, chat):
    chat.group.unaddressed = "remember"
    chat.group.save()
    api.messages["om_bobs"] = {"sender": {"id": "ou_bob"}, "msg_type": "text", "body": {"content": '{"text": "x"}'}}
    listeners.start()
    api.say("and then?", parent_id="om_bobs", root_id="om_bobs")
    assert not inbound_one().calls_agent


def test_names_that_nobody_tells_stay_empty_and_delay_nothing(api, listeners, chat):
    api.keep_failing("user", Failure(99991672, "Access denied. contact:contact.base:readonly"))
    api.keep_failing("chat", Hang(300))
    listeners.start()
    until(lambda: status() == "online")
    began = time.monotonic()
    for number in range(20):
        api.say(f"@Andy {number}")
    until(lambda: Message.objects.inbound().count() == 20)
    assert time.monotonic() - began < 15  # half of what it would take if each had to wait for its names
    assert not Message.objects.exclude(sender_name="").exists()
    assert len(api.calls_of("user")) == 1


def test_names_are_asked_for_once(api, listeners, chat):
    listeners.start()
    for number in range(5):
        api.say(f"@Andy {number}")
    until(lambda: Message.objects.filter(sender_name="Ann").count() == 5)
    assert len(api.calls_of("user")) == len(api.calls_of("chat")) == 1
    chat.refresh_from_db()
    assert chat.title == "Team"
