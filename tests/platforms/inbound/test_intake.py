import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from apps.agents.models import Run
from apps.chats import services
from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Group, Incident, Message, Sender
from apps.events import hooks
from apps.platforms.inbound import intake

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    return Channel.objects.create(platform="telegram", name="bot")


@pytest.fixture
def chat(channel):
    return registered(channel, "-1")


def registered(channel, external_id, **fields):
    group = services.create_group(folder=f"team{external_id.strip('-')}", **fields)
    return Chat.objects.create(channel=channel, external_id=external_id, group=group)


def message(text="@Andy hello", *, number="1", chat="-1", sender="42", **fields):
    return InboundMessage(external_id=number, chat_id=chat, sender_id=sender, sender_name="Ann", text=text, **fields)


def accepted(channel, arrived):
    stored = intake.accept(channel, arrived)
    assert stored
    return stored


def test_a_message_that_calls_is_stored_with_a_queued_run(channel, chat):
    stored = accepted(channel, message())
    assert stored.calls_agent
    assert (stored.chat, str(stored.sender), stored.text) == (chat, "Ann", "@Andy hello")
    assert Run.objects.get().status == Run.Status.QUEUED


def test_chatter_is_remembered_without_a_run(channel, chat):
    assert not accepted(channel, message("just talking")).calls_agent
    assert not Run.objects.exists()


def test_a_group_that_drops_chatter_stores_none_of_it(channel):
    registered(channel, "-2", unaddressed=Group.Unaddressed.DROP)
    assert intake.accept(channel, message("just talking", chat="-2")) is None
    assert accepted(channel, message("@Andy hi", chat="-2", number="2")).text == "@Andy hi"


def test_the_same_message_twice_is_one_row_and_one_run(channel, chat):
    assert intake.accept(channel, message())
    assert intake.accept(channel, message()) is None
    assert (Message.objects.count(), Run.objects.count()) == (1, 1)


def test_twice_in_one_batch_too(channel, chat):
    assert len(intake.accept_all(channel, [message(), message(), message(number="2")])) == 2


def test_a_second_delivery_after_the_run_ended_calls_nobody(channel, chat):
    intake.accept(channel, message())
    Run.objects.update(status=Run.Status.SUCCEEDED)
    intake.accept(channel, message())
    assert not Run.objects.filter(status=Run.Status.QUEUED).exists()


def test_equal_ids_in_two_chats_are_both_kept(channel, chat):
    registered(channel, "-2")
    intake.accept_all(channel, [message(), message(chat="-2")])
    assert Message.objects.filter(external_id="1").count() == 2


def test_of_an_unknown_chat_only_title_and_activity_are_remembered(channel):
    now = timezone.now()
    assert intake.accept(channel, message(chat="-5", chat_title="Family", sent_at=now)) is None
    found = Chat.objects.discovered().get()
    assert (found.title, found.last_message_at) == ("Family", now)
    assert not any(model.objects.exists() for model in (Message, Sender, Run))


def test_discovered_chats_are_listed_by_their_newest_activity(channel):
    now = timezone.now()
    for number, (chat, minutes) in enumerate([("-5", 3), ("-6", 2), ("-5", 1)]):
        arrived = message(chat=chat, number=str(number), chat_title=chat, sent_at=now - timedelta(minutes=minutes))
        intake.accept(channel, arrived)
    assert [chat.title for chat in Chat.objects.discovered()] == ["-5", "-6"]


def test_an_older_message_does_not_turn_the_activity_back(channel, chat):
    now = timezone.now()
    intake.accept(channel, message(sent_at=now))
    intake.accept(channel, message(number="2", sent_at=now - timedelta(hours=1)))
    chat.refresh_from_db()
    assert chat.last_message_at == now


def test_a_blocked_sender_is_not_stored(channel, chat):
    Sender.objects.create(channel=channel, external_id="42", access=Sender.Access.BLOCKED)
    assert intake.accept(channel, message()) is None
    assert intake.accept(channel, message(sender="43", number="2"))


def test_a_plugin_may_refuse(channel, chat):
    def no_spam(inbound, channel):
        return "spam" if "spam" in inbound.text else ""

    hooks.message_arriving.attach(no_spam)
    try:
        kept = intake.accept_all(channel, [message("@Andy spam"), message("@Andy ham", number="2")])
    finally:
        hooks.message_arriving.receivers.remove(no_spam)
    assert [stored.text for stored in kept] == ["@Andy ham"]


def test_the_stored_hook_fires_after_the_commit(channel, chat, django_capture_on_commit_callbacks):
    seen = []

    def note(message):
        seen.append(message.text)

    hooks.message_stored.attach(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            intake.accept(channel, message())
            assert seen == []
    finally:
        hooks.message_stored.receivers.remove(note)
    assert seen == ["@Andy hello"]


def test_a_changed_name_is_taken_over(channel, chat):
    Sender.objects.create(channel=channel, external_id="42", name="Anna")
    intake.accept(channel, message(chat_title="New title"))
    chat.refresh_from_db()
    assert (Sender.objects.get().name, chat.title) == ("Ann", "New title")


def test_what_a_database_cannot_hold_is_made_to_fit(channel, chat):
    stored = accepted(channel, message("@Andy a\0b \ud83d", chat_title="x" * 999))
    assert stored.text == "@Andy ab ?"


def test_a_message_that_cannot_be_stored_does_not_hold_up_the_others(channel, chat):
    broken = message("@Andy broken", number="x\0y") if connection.vendor == "postgresql" else message("", number="")
    stored = intake.accept_all(channel, [broken, message(number="2"), message("bye", number="3")])
    assert [each.external_id for each in stored] == ["2", "3"]
    assert "could not be stored" in Incident.objects.get().sentence


def test_an_id_that_is_no_text_costs_only_its_message(channel, chat):
    stored = intake.accept_all(channel, [message(number="\ud83d"), message(number="2")])
    assert [each.external_id for each in stored] == ["2"]
    assert "could not be stored" in Incident.objects.get().sentence


def test_another_bots_message_is_context_only(channel, chat):
    assert not accepted(channel, message(from_bot=True)).calls_agent
    assert not Run.objects.exists()


def test_a_burst_in_one_chat_asks_for_one_run_and_keeps_the_order(channel, chat):
    intake.accept_all(channel, [message(f"@Andy {n}", number=str(n)) for n in range(20)])
    assert Run.objects.count() == 1
    assert [row.text for row in Message.objects.order_by("pk")] == [f"@Andy {n}" for n in range(20)]


def test_each_thread_that_calls_has_its_own_run(channel, chat):
    intake.accept_all(channel, [message(number="1", thread_id="7"), message(number="2", thread_id="8")])
    assert set(Run.objects.values_list("thread_id", flat=True)) == {"7", "8"}


def test_a_moved_chat_takes_its_group_and_transcript_along(channel, chat):
    intake.accept(channel, message())
    intake.accept(channel, message(chat="-100", number="2"))  # the new id was seen before the notice came
    intake.move_chat(channel, "-1", "-100")
    chat.refresh_from_db()
    assert chat.external_id == "-100"
    assert Chat.objects.filter(channel=channel).count() == 1
    assert chat.messages.count() == 1


def test_a_chat_does_not_move_onto_another_registered_one(channel, chat):
    other = registered(channel, "-100")
    intake.move_chat(channel, "-1", "-100")
    chat.refresh_from_db()
    assert (chat.external_id, other.external_id) == ("-1", "-100")


@pytest.mark.django_db(transaction=True)
def test_two_deliveries_at_the_same_moment_are_one_row():
    channel = Channel.objects.create(platform="telegram", name="bot")
    registered(channel, "-1")
    together = threading.Barrier(4)

    def deliver():
        together.wait(60)
        try:
            intake.accept_all(channel, [message(), message("@Andy again", number="2")])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(Message.objects.values_list("external_id", flat=True)) == ["1", "2"]
    assert (Run.objects.count(), Incident.objects.count()) == (1, 0)


def test_five_hundred_at_once_are_all_stored_and_ask_for_one_run(channel, chat):
    intake.accept_all(channel, [message(f"@Andy {number}", number=str(number)) for number in range(500)])

    assert Message.objects.count() == 500
    assert Run.objects.count() == 1
