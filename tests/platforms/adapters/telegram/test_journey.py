"""The real SDK against a Bot API that speaks the wire, with the real listeners and a real database."""

import time

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.services import session_for
from apps.chats import services
from apps.chats.models import Chat, Incident, Message
from tests.fakes.stand_in import Cut, Garbage, Hang
from tests.fakes.telegram_api import UNREADABLE, Failure, TelegramApi
from tests.platforms.support import age, outbound, registered_chat, send, status, telegram_channel
from tests.waiting import in_time, until

pytestmark = pytest.mark.django_db(transaction=True)


# In.


def test_a_message_becomes_a_row_and_an_answer_is_delivered(api, listeners, chat):
    listeners.start()
    message_id = api.say("@Andy hello", chat_id=-1001)
    message = until(lambda: Message.objects.inbound().first())
    assert (message.text, message.external_id, message.sender_name) == ("@Andy hello", str(message_id), "Ann")
    send(chat, "**Hi** Ann", reply_to=str(message_id))
    assert api.wait_for_sent(1)[0].text == "<b>Hi</b> Ann"
    assert until(lambda: Message.objects.outbound().get().external_parts)
    assert str(message_id) in api.sent[0].parameters["reply_parameters"]


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


def test_an_unknown_chat_is_discovered(api, listeners):
    telegram_channel(api)
    listeners.start()
    api.say("hello", chat_id=-77, chat={"id": -77, "type": "group", "title": "Family"})
    assert until(lambda: Chat.objects.discovered().filter(title="Family").exists())
    assert not Message.objects.exists()


def test_a_topic_comes_and_goes_as_a_thread(api, listeners, chat):
    listeners.start()
    api.say("@Andy hi", chat_id=-1001, message_thread_id=7, is_topic_message=True)
    until(lambda: Message.objects.filter(thread_id="7").exists())
    send(chat, "in the topic", thread_id="7")
    send(chat, "in the general one", thread_id="1")
    topic, general = api.wait_for_sent(2)
    assert topic.parameters["message_thread_id"] == "7"
    assert "message_thread_id" not in general.parameters


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


# Out.


def test_a_long_text_arrives_in_two_parts_in_order(api, listeners, chat):
    listeners.start()
    send(chat, "a" * 4096 + "b")
    assert [call.text for call in api.wait_for_sent(2)] == ["a" * 4096, "b"]
    until(lambda: len(Message.objects.get().external_parts) == 2)


def test_a_server_error_is_retried_and_one_message_is_seen(api, listeners, chat):
    api.fail("sendMessage", Failure(500), Failure(502))
    listeners.start()
    send(chat, "hi")
    until(lambda: outbound("sent") == 1)
    assert len(api.sent) == 1
    assert Message.objects.get().attempts == 3


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
        hanging.stop()


# The typing indicator.


def test_typing_is_shown_while_a_run_works(api, listeners, chat):
    session = session_for(chat.group)
    run = Run.objects.create(session=session, chat=chat, cause="message", status="running", thread_id="1")
    listeners.start()
    assert api.wait_for(lambda: bool(api.calls_of("sendChatAction")))
    action = api.calls_of("sendChatAction")[0]
    assert (action.chat_id, action.parameters["action"]) == (-1001, "typing")
    assert action.parameters["message_thread_id"] == "1"
    run.finish(Run.Status.SUCCEEDED)
