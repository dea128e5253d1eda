"""The adapter with the real SDK against a Bot API that speaks the wire, and with the real listeners."""

import json
import time

import pytest

from apps.agents.models import Run
from apps.agents.services import session_for
from apps.chats.models import Chat, Message
from tests.fakes.stand_in import Hang
from tests.fakes.telegram_api import Failure, TelegramApi
from tests.platforms.support import outbound, registered_chat, send, status, telegram_channel
from tests.waiting import in_time, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_becomes_a_row_and_an_answer_is_delivered(api, listeners, chat):
    listeners.start()
    message_id = api.say("@Andy hello", chat_id=-1001)
    message = until(lambda: Message.objects.inbound().first())
    assert (message.text, message.external_id, message.sender_name) == ("@Andy hello", str(message_id), "Ann")
    send(chat, "**Hi** Ann", reply_to=str(message_id))
    assert api.wait_for_sent(1)[0].text == "<b>Hi</b> Ann"
    assert until(lambda: Message.objects.outbound().get().external_parts)
    assert str(message_id) in api.sent[0].parameters["reply_parameters"]


def test_an_unknown_chat_is_discovered(api, listeners):
    telegram_channel(api)
    listeners.start()
    api.say("hello", chat_id=-77, chat={"id": -77, "type": "group", "title": "Family"})
    assert until(lambda: Chat.objects.discovered().filter(title="Family").exists())
    assert not Message.objects.exists()


def test_a_hung_channel_delays_no_other(api, listeners, chat):
    with TelegramApi() as hanging:
        hanging.keep_failing("sendMessage", Hang(300))
        stuck = registered_chat(telegram_channel(hanging, name="stuck"), "-5")
        for _ in range(20):
            send(stuck, "never")
        listeners.start()
        until(lambda: status("stuck") == "online")
        until(lambda: outbound("sending") == 1)

        def delivered() -> float:
            began, before = time.monotonic(), len(api.sent)
            send(chat, "hi")
            api.wait_for_sent(before + 1)
            return time.monotonic() - began

        in_time(5, delivered)
        assert until(lambda: outbound("sending") == 1)  # the stuck one, as before
        hanging.stop()


def test_typing_is_shown_while_a_run_works(api, listeners, chat):
    session = session_for(chat.group)
    run = Run.objects.create(session=session, chat=chat, cause="message", status="running", thread_id="1")
    listeners.start()
    assert api.wait_for(lambda: bool(api.calls_of("sendChatAction")))
    action = api.calls_of("sendChatAction")[0]
    assert (action.chat_id, action.parameters["action"]) == (-1001, "typing")
    assert action.parameters["message_thread_id"] == "1"
    run.finish(Run.Status.SUCCEEDED)


def test_telegrams_menu_shows_the_commands_that_everybody_may_use(api, listeners):
    telegram_channel(api)
    listeners.start()
    assert api.wait_for(lambda: bool(api.calls_of("setMyCommands")))
    offered = [each["command"] for each in json.loads(api.calls_of("setMyCommands")[0].parameters["commands"])]
    assert offered == ["help", "new", "status", "stop", "tasks", "usage"]


def test_a_menu_that_telegram_refuses_keeps_nobody_from_listening(api, listeners):
    api.keep_failing("setMyCommands", Failure(429, "Too Many Requests: retry after 30"))
    telegram_channel(api)
    listeners.start()
    until(lambda: status() == "online")
    assert api.wait_for(lambda: api.calls_of("getUpdates"))
    assert api.calls_of("setMyCommands")
