import pytest

from apps.chats.models import Channel, Chat, Platform, Sender
from tests.chats.models.support import refused

pytestmark = pytest.mark.django_db


def test_chats_and_senders_are_one_for_each_external_id_and_channel(channel, chat):
    other = Channel.objects.create(platform=Platform.TELEGRAM, name="other")
    Sender.objects.create(channel=channel, external_id="42")
    assert refused(lambda: Chat.objects.create(channel=channel, external_id="-1"))
    assert refused(lambda: Sender.objects.create(channel=channel, external_id="42"))
    Chat.objects.create(channel=other, external_id="-1")
    Sender.objects.create(channel=other, external_id="42")
