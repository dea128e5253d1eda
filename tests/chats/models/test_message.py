import pytest
from django.utils import timezone

from apps.chats.models import Chat, Message
from tests.chats.models.support import refused

pytestmark = pytest.mark.django_db


def inbound(chat, external_id):
    return Message.objects.create(chat=chat, direction="in", external_id=external_id, text="hello")


def outbound(chat, **fields):
    return Message.objects.create(
        chat=chat, direction="out", delivery="queued", next_attempt_at=timezone.now(), text="hi", **fields
    )


def test_a_message_id_is_taken_once_in_a_chat_but_again_in_another(channel, chat):
    inbound(chat, "7")
    assert refused(lambda: inbound(chat, "7"))
    inbound(Chat.objects.create(channel=channel, external_id="-2"), "7")
    assert Message.objects.count() == 2


def test_an_inbound_message_needs_an_id_and_an_outbound_one_a_delivery_state(chat):
    assert refused(lambda: inbound(chat, ""))
    assert refused(lambda: Message.objects.create(chat=chat, direction="out", text="hi"))
    assert refused(lambda: Message.objects.create(chat=chat, direction="in", external_id="1", delivery="sent"))


def test_of_each_chat_the_oldest_waiting_message_is_the_head(channel, chat):
    first, _behind = outbound(chat), outbound(chat)
    elsewhere = outbound(Chat.objects.create(channel=channel, external_id="-2"))
    assert list(Message.objects.heads()) == [first, elsewhere]


def test_a_message_that_waits_for_its_retry_holds_back_those_behind_it(chat):
    first, second = outbound(chat), outbound(chat)
    assert first.claim_delivery()
    assert not Message.objects.heads().exists()
    first.mark_retry("no", 60)
    assert list(Message.objects.heads()) == [first]
    first.mark_failed("never")
    assert list(Message.objects.heads()) == [second]


def test_a_delivery_is_claimed_once(chat):
    message = outbound(chat)
    assert message.claim_delivery()
    assert not Message.objects.get(pk=message.pk).claim_delivery()
    assert message.attempts == 1


def test_waiting_as_the_platform_asked_is_no_attempt(chat):
    message = outbound(chat)
    message.claim_delivery()
    message.mark_waiting("slow down", 3)
    message.refresh_from_db()
    assert (message.delivery, message.attempts) == ("queued", 0)
    assert message.next_attempt_at > timezone.now()


def test_a_failed_message_is_sent_again_from_its_missing_part(chat):
    message = outbound(chat)
    message.claim_delivery()
    message.mark_part_sent("1")
    message.mark_failed("gone")
    assert message.resend()
    message.refresh_from_db()
    assert (message.delivery, message.attempts, message.external_parts) == ("queued", 0, ["1"])
