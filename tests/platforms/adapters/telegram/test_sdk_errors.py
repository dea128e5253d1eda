"""What Telegram's errors mean to a message: tried again, or not."""

import time

import pytest

from apps.chats.models import Incident, Message
from tests.fakes.stand_in import Cut, Garbage
from tests.fakes.telegram_api import Failure
from tests.platforms.support import age, outbound, send
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_server_error_is_retried_and_one_message_is_seen(api, listeners, chat):
    api.fail("sendMessage", Failure(500), Failure(502))
    listeners.start()
    send(chat, "hi")
    until(lambda: outbound("sent") == 1)
    assert len(api.sent) == 1
    assert Message.objects.get().attempts == 3


def test_rate_limited_waits_as_told_without_counting_it(api, listeners, chat):
    api.fail("sendMessage", Failure(429, "Too Many Requests", retry_after=1))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    api.wait_for_sent(2)
    refused = next(call for call in api.calls_of("sendMessage") if not call.answered)
    assert [call.text for call in api.sent] == ["one", "two"]
    assert api.sent[0].at - refused.at >= 0.9
    until(lambda: outbound("sent") == 2)
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


def test_a_permanent_refusal_fails_at_once_is_shown_and_lets_the_next_pass(api, listeners, chat):
    api.fail("sendMessage", Failure(403, "Forbidden: bot was kicked from the supergroup chat"))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    assert [call.text for call in api.wait_for_sent(1)] == ["two"]
    failed = Message.objects.get(text="one")
    assert (failed.delivery, failed.attempts) == ("failed", 1)
    assert "bot was kicked" in failed.error
    assert "bot was kicked" in Incident.objects.get(kind="delivery").sentence


def test_garbage_for_an_answer_is_survived(api, listeners, chat):
    api.fail("getUpdates", Garbage())
    api.fail("sendMessage", Failure(500, "x"), Garbage())
    send(chat, "hi")
    listeners.start()
    api.wait_for_sent(1)
    until(lambda: outbound("sent") == 1)
    assert [call.answered for call in api.calls_of("sendMessage")] == [False, False, True]


def test_a_connection_cut_before_the_answer_is_sent_again_while_young(api, listeners, chat):
    api.fail("sendMessage", Cut(done=True))
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert len(api.sent) == 2  # the one window in which a message may be seen twice


def test_an_old_message_of_which_nobody_knows_is_left_for_a_person(api, listeners, chat):
    api.fail("sendMessage", Cut(done=True))
    message = send(chat, "hi")
    age(message, minutes=16)
    listeners.start()
    until(lambda: outbound("unknown") == 1)
    time.sleep(0.5)
    assert len(api.sent) == 1
    assert "not known whether" in Incident.objects.get().sentence


def test_a_send_into_a_chat_that_moved_follows_it(api, listeners, chat):
    api.fail("sendMessage", Failure(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100500))
    send(chat, "hi")
    listeners.start()
    assert api.wait_for_sent(1)[0].chat_id == -100500
