"""Which messages are sent next: of each chat the oldest, however long the queues are."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.chats.models import Chat, Message
from apps.chats.services import send_message
from apps.platforms.outbound import outbox

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[200, 3], ids=["few wait", "more wait than are looked at"])
def rows(request, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_ROWS", request.param)


def say(chat: Chat, text: str) -> Message:
    message = send_message(chat, text=text)
    assert message
    return message


def due(chat: Chat) -> list[str]:
    return [message.text for message in outbox._due([chat.channel_id])[0]]


@pytest.mark.usefixtures("rows")
def test_of_each_chat_the_oldest_is_due(chat):
    other = Chat.objects.create(channel=chat.channel, external_id="-2")
    for number in range(4):
        say(chat, f"a{number}")
    say(other, "b0")

    assert due(chat) == ["a0", "b0"]


@pytest.mark.usefixtures("rows")
def test_what_is_being_sent_holds_back_what_is_behind_it(chat):
    first, _second = say(chat, "a0"), say(chat, "a1")
    assert first.claim_delivery()

    assert due(chat) == []


@pytest.mark.usefixtures("rows")
def test_what_waits_for_its_retry_holds_back_what_is_behind_it_and_says_until_when(chat):
    first, _second = say(chat, "a0"), say(chat, "a1")
    later = timezone.now() + timedelta(minutes=1)
    Message.objects.filter(pk=first.pk).update(next_attempt_at=later)

    assert outbox._due([chat.channel_id]) == ([], later)


def test_another_channels_messages_are_not_due(chat):
    say(chat, "a0")

    assert outbox._due([chat.channel_id + 1]) == ([], None)
