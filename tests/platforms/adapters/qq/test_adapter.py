"""The adapter, forward, against an implementation that speaks the wire."""

import time

import pytest

from apps.chats.models import Message
from tests.fakes.qq_onebot import HANG, SELF_ID, at, text
from tests.platforms.adapters.qq.support import database, inbound, kept, online, recorded
from tests.platforms.support import detail, lost, send, status, until_quiet
from tests.waiting import until


@database
def test_a_message_becomes_a_row_and_an_answer_is_delivered_as_plain_text(bot, listeners, chat):
    online(listeners)
    message_id = bot.say([at(), text(" hello")])
    message = inbound()
    assert (message.text, message.sender_name, message.calls_agent) == ("hello", "Ann", True)
    send(chat, "**Hi** [CQ:at,qq=all] Ann", reply_to=message.external_id)
    (sent,) = bot.wait_for_sent(1)
    reply = {"type": "reply", "data": {"id": str(message_id)}}
    assert sent == {"group_id": 777, "message": [reply, text("Hi [CQ:at,qq=all] Ann")]}
    assert until(lambda: Message.objects.outbound().get().external_parts) == ["901"]


@database
def test_a_reply_to_the_bot_calls_the_agent_and_one_to_another_does_not(bot, listeners, chat):
    bot.messages[901] = recorded([text("my words")], message_id=901, sender={"user_id": SELF_ID, "nickname": "Bot"})
    online(listeners)
    other = bot.say("among us")
    bot.say([{"type": "reply", "data": {"id": str(other)}}, text("yes")])
    bot.say([{"type": "reply", "data": {"id": "901"}}, text("and you?")])
    message = until(lambda: Message.objects.filter(calls_agent=True).first())
    assert (message.text, message.quoted_text, message.quoted_sender) == ("and you?", "my words", "Bot")
    assert Message.objects.filter(text="yes", calls_agent=False, quoted_text="among us").exists()


@database
def test_quotations_that_are_not_to_be_had_hold_nobody_up(bot, listeners, chat, settings):
    settings.CHANNEL_STALL_TIMEOUT = 20
    online(listeners)
    bot.fail("get_msg", *[HANG] * 10)
    began = time.monotonic()
    for number in range(10):
        bot.say([{"type": "reply", "data": {"id": "901"}}, text(f"message {number}")])
    until(lambda: Message.objects.inbound().count() == 10)
    assert time.monotonic() - began < 15  # half of what it would take one after the other
    texts = Message.objects.order_by("pk").values_list("text", flat=True)
    assert list(texts) == [f"message {number}" for number in range(10)]
    assert (status(), kept().reconnects) == ("online", 0)
    assert len(bot.calls_of("get_group_info")) == 1


@database
def test_the_same_message_twice_is_one_and_our_own_is_none(bot, listeners, chat):
    online(listeners)
    bot.say("@Andy mine", user_id=SELF_ID)
    bot.say("@Andy echo", post_type="message_sent")
    bot.say("@Andy one", message_id=7, time=1700000000)
    bot.say("@Andy one", message_id=7, time=1700000000)
    bot.say("@Andy two")
    until(lambda: Message.objects.filter(text="@Andy two").exists())
    assert list(Message.objects.order_by("pk").values_list("text", flat=True)) == ["@Andy one", "@Andy two"]


@database
def test_a_flood_is_kept_in_order(bot, listeners, chat):
    online(listeners)
    for number in range(300):
        bot.say(f"message {number}")
    bot.say("@Andy end")
    until(lambda: Message.objects.filter(text="@Andy end").exists())
    texts = Message.objects.inbound().order_by("pk").values_list("text", flat=True)
    assert list(texts) == [f"message {number}" for number in range(300)] + ["@Andy end"]


@database
def test_an_account_that_is_logged_out_is_found_although_the_socket_stands(bot, listeners, chat):
    online(listeners)
    bot.say("the last words")
    bot.online = False
    bot.heartbeat(online=False)
    until(lambda: "logged out" in detail())
    assert status() == "retrying"
    assert inbound().text == "the last words"
    time.sleep(0.3)
    assert status() == "retrying"  # it does not come back as long as the account is away
    bot.online = True
    until(lambda: status() == "online")


@database
def test_it_is_found_without_heartbeats_too(bot, listeners, chat, quick):
    online(listeners)
    bot.online = False
    until(lambda: "logged out" in detail())
    assert status() == "retrying"


@database
def test_an_implementation_without_status_and_heartbeats_is_fine(bot, listeners, chat, quick):
    bot.online = None
    online(listeners)
    until_quiet(lambda: kept().reconnects, 2.5)
    assert until(lambda: status() == "online")


@database
@pytest.mark.parametrize("answer", [{"status": "ok", "retcode": 0, "data": None}, {"status": "failed", "retcode": 1}])
def test_one_that_does_not_say_who_it_is_is_asked_again(bot, listeners, chat, answer):
    bot.fail("get_login_info", answer)
    listeners.start()
    assert until(lost)
    until(lambda: status() == "online")
    assert [call["taken"] for call in bot.calls_of("get_login_info")] == [False, True]
