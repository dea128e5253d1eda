import pytest

from apps.chats.models import Channel, Chat


@pytest.fixture
def channel(db: None) -> Channel:
    return Channel.objects.create(platform="telegram", name="bot")


@pytest.fixture
def chat(channel: Channel) -> Chat:
    return Chat.objects.create(channel=channel, external_id="-1")
