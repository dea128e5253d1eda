"""What a crash left behind, and what has nowhere to go; at the level of rows."""

import pytest

from apps.chats import services
from apps.chats.models import Channel, Message
from tests.platforms.support import (
    age,
    outbound,
    registered_chat,
    send,
    status,
)
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_young_message_found_half_sent_is_sent_again_from_its_missing_part(api, listeners, chat):
    message = send(chat, "a" * 4096 + "b")
    message.claim_delivery()
    message.mark_part_sent("555")
    listeners.start()
    assert [call.text for call in api.wait_for_sent(1)] == ["b"]
    until(lambda: outbound("sent") == 1)


def test_an_old_message_found_half_sent_is_left_for_a_person(api, listeners, chat):
    message = send(chat, "hi")
    message.claim_delivery()
    age(message, minutes=16)
    listeners.start()
    until(lambda: outbound("unknown") == 1)
    assert not api.sent
    message.refresh_from_db()
    services.resend(message)
    assert api.wait_for_sent(1)[0].text == "hi"


def test_a_disabled_channels_message_fails_and_says_so(api, listeners, chat):
    Channel.objects.filter(pk=chat.channel_id).update(enabled=False)
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert Message.objects.get().error == "The channel bot is disabled."
    assert not api.sent


def test_a_channel_without_an_adapter_says_so_and_its_message_fails(api, listeners):
    channel = Channel.objects.create(platform="pigeon", name="loft")
    send(registered_chat(channel), "hi")
    listeners.start()
    until(lambda: status("loft") == "failed")
    until(lambda: outbound("failed") == 1)
    assert "no adapter for pigeon" in Message.objects.get().error
