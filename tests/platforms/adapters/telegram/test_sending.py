"""Texts on their way to Telegram: their parts, their topics, and their order."""

import pytest
from django.utils import timezone

from apps.chats import services
from apps.chats.models import Message
from tests.fakes.telegram_api import UNREADABLE, Failure
from tests.platforms.support import outbound, registered_chat, send, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_topic_comes_and_goes_as_a_thread(api, listeners, chat):
    listeners.start()
    api.say("@Andy hi", chat_id=-1001, message_thread_id=7, is_topic_message=True)
    until(lambda: Message.objects.filter(thread_id="7").exists())
    send(chat, "in the topic", thread_id="7")
    send(chat, "in the general one", thread_id="1")
    topic, general = api.wait_for_sent(2)
    assert topic.parameters["message_thread_id"] == "7"
    assert "message_thread_id" not in general.parameters


def test_a_long_text_arrives_in_two_parts_in_order(api, listeners, chat):
    listeners.start()
    send(chat, "a" * 4096 + "b")
    assert [call.text for call in api.wait_for_sent(2)] == ["a" * 4096, "b"]
    until(lambda: len(Message.objects.get().external_parts) == 2)


def test_a_retry_begins_with_the_missing_part_and_keeps_the_order(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    send(chat, "a" * 4096 + "b")
    api.wait_for_sent(1)
    api.fail("sendMessage", Failure(500))
    send(chat, "c")
    assert [call.text[:1] for call in api.wait_for_sent(3)] == ["a", "b", "c"]


def test_a_message_that_is_retried_holds_back_the_next_in_its_chat_only(api, listeners, chat, settings):
    settings.OUTBOX_RETRY_DELAY = (600, 600)
    other = registered_chat(chat.channel, "-1002")
    api.fail("sendMessage", Failure(500))
    send(chat, "first")
    listeners.start()
    until(lambda: Message.objects.filter(attempts=1, delivery="queued").exists())
    send(chat, "second")
    send(other, "elsewhere")
    assert [call.text for call in api.wait_for_sent(1)] == ["elsewhere"]
    Message.objects.filter(text="first").update(next_attempt_at=timezone.now())
    assert [call.text for call in api.wait_for_sent(3)] == ["elsewhere", "first", "second"]


def test_a_failed_message_can_be_sent_again(api, listeners, chat):
    api.fail("sendMessage", Failure(403, "Forbidden"))
    message = send(chat, "one")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    message.refresh_from_db()
    services.resend(message)
    assert api.wait_for_sent(1)[0].text == "one"


def test_markup_that_telegram_cannot_read_goes_plain(api, listeners, chat):
    api.fail("sendMessage", UNREADABLE)
    send(chat, "**bold** a<b")
    listeners.start()
    (sent,) = api.wait_for_sent(1)
    assert sent.text == "bold a<b"
    assert "parse_mode" not in sent.parameters
