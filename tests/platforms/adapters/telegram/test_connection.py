"""Long polling: in order, confirmed once it is stored, and past what cannot be read."""

import time

import pytest

from apps.agents.models import Run
from apps.chats.models import Message
from tests.platforms.support import status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_five_hundred_messages_at_once_are_all_kept_in_order(api, listeners, chat):
    for number in range(500):
        api.say(f"message {number}", chat_id=-1001)
    listeners.start()
    until(lambda: Message.objects.inbound().count() == 500)
    assert [row.text for row in Message.objects.order_by("pk")] == [f"message {number}" for number in range(500)]


def test_what_arrived_while_nobody_listened_is_read_later_and_only_once(api, listeners, chat):
    api.say("@Andy one", chat_id=-1001)
    listeners.start()
    until(lambda: Message.objects.inbound().count() == 1)
    listeners.stop()
    api.say("@Andy two", chat_id=-1001)
    listeners.start()
    until(lambda: Message.objects.inbound().count() == 2)
    assert Run.objects.count() == 1


def test_nothing_is_confirmed_before_it_is_stored(api, listeners, chat):
    api.say("@Andy one", chat_id=-1001)
    listeners.start()
    until(lambda: Message.objects.inbound().exists())
    assert api.wait_for(lambda: any(call.parameters["offset"] == "1001" for call in api.calls_of("getUpdates")))
    confirmed = [call.at for call in api.calls_of("getUpdates") if call.parameters["offset"] == "1001"]
    stored = Message.objects.get().created_at.timestamp()
    assert time.time() - (time.monotonic() - confirmed[0]) >= stored


def test_a_group_that_becomes_a_supergroup_stays_registered(api, listeners, chat):
    listeners.start()
    api.say(chat_id=-1001, migrate_to_chat_id=-100500)
    api.say("@Andy still there?", chat_id=-100500)
    assert until(lambda: Message.objects.inbound().first()).chat == chat


def test_a_strange_update_holds_up_nobody(api, listeners, chat):
    listeners.start()
    api.push(
        {
            "message_reaction_count": {
                "chat": {"id": -1001, "type": "supergroup"},
                "message_id": 1,
                "date": 1,
                "reactions": [],
            }
        }
    )
    api.push({"edited_message": {"message_id": 1, "date": 1, "chat": {"id": -1001, "type": "supergroup"}, "text": "x"}})
    api.say("@Andy hello", chat_id=-1001)
    assert until(lambda: Message.objects.inbound().exists())


def test_an_update_that_the_library_cannot_read_holds_up_nobody(api, listeners, chat, caplog):
    api.push({"message": {"message_id": 5, "text": "between us", "chat": {"id": -1001, "type": "supergroup"}}})
    api.say("@Andy hello", chat_id=-1001)
    listeners.start()
    message = until(lambda: Message.objects.inbound().first())
    assert message.text == "@Andy hello"
    assert "between us" not in caplog.text
    assert len(api.calls_of("setMyCommands")) == 1  # the connection stood all the time


def test_polling_takes_a_former_webhook_away(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    assert api.calls_of("deleteWebhook")
