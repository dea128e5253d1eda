import pytest

from apps.chats import pairing
from apps.chats.models import Channel, Chat, Message, Pairing, Sender


@pytest.fixture
def channel(db: None) -> Channel:
    return Channel.objects.create(platform="telegram", name="bot")


@pytest.fixture
def waiting(channel: Channel) -> Pairing:
    chat = Chat.objects.create(channel=channel, external_id="42", kind=Chat.Kind.DIRECT)
    sender = Sender.objects.create(channel=channel, external_id="42", name="Ann")
    first = Message(chat=chat, direction="in", external_id="1", sender=sender, text="hello")
    assert pairing.offer(sender, chat, first, reply_to="1", thread_id="")
    return Pairing.objects.get()
