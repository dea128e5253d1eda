"""OneBot's actions and their answers."""

import json

from apps.chats.models import Message
from tests.fakes.qq_onebot import HANG, text
from tests.platforms.adapters.qq.support import database, inbound, kept, online, recorded
from tests.platforms.support import lost, outbound, send, status
from tests.waiting import until


@database
def test_one_that_answers_nothing_any_more_is_found(bot, listeners, chat, quick):
    online(listeners)
    bot.fail("get_status", HANG)
    until(lambda: "did not answer get_status" in lost())
    until(lambda: status() == "online")


@database
def test_garbage_is_passed_over(bot, listeners, chat):
    bot.greeting = "]]not json"
    online(listeners)
    for frame in ("[]", "null", '"x"', "{}", "[" * 5000, '{"post_type": "message"}', '{"echo": {"a": 1}}'):
        bot.push(frame)
    bot.push(json.dumps(recorded([text("@Andy x")], user_id=None)))
    bot.say("@Andy hello")
    assert inbound().text == "@Andy hello"
    assert kept().reconnects == 0


@database
def test_a_refusal_fails_the_message_and_lets_the_next_pass(bot, listeners, chat):
    bot.fail("send_group_msg", {"status": "failed", "retcode": 1200, "data": None, "wording": "you are muted"})
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    bot.wait_for_sent(1)
    failed = Message.objects.get(text="one")
    assert (failed.delivery, failed.attempts) == ("failed", 1)
    assert "you are muted" in failed.error


@database
def test_a_message_of_which_nobody_knows_is_sent_again_while_young(bot, listeners, chat, quick):
    bot.fail("send_group_msg", {"status": "failed", "retcode": 1200, "data": None, "message": "Timeout: sendMsg"}, HANG)
    send(chat, "hi")
    listeners.start()
    bot.wait_for_sent(1)
    until(lambda: outbound("sent") == 1)
    assert Message.objects.outbound().get().attempts >= 3
