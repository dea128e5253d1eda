import pytest

from apps.chats.models import Channel, Chat, Sender
from apps.chats.services import create_group
from tests.chats.models.support import refused

pytestmark = pytest.mark.django_db


def test_chats_and_senders_are_one_for_each_external_id_and_channel(channel, chat):
    other = Channel.objects.create(platform="telegram", name="other")
    Sender.objects.create(channel=channel, external_id="42")
    assert refused(lambda: Chat.objects.create(channel=channel, external_id="-1"))
    assert refused(lambda: Sender.objects.create(channel=channel, external_id="42"))
    Chat.objects.create(channel=other, external_id="-1")
    Sender.objects.create(channel=other, external_id="42")


def test_a_chat_is_called_by_its_title_and_else_as_the_platform_knows_it(chat):
    assert (str(chat), chat.jid) == ("telegram:-1", "telegram:-1")
    chat.title = "Hiking club"
    assert (str(chat), chat.jid) == ("Hiking club", "telegram:-1")


def test_a_chat_is_discovered_until_it_has_a_group(chat):
    assert list(Chat.objects.discovered()) == [chat]
    chat.group = create_group(folder="team")
    chat.save()
    assert not Chat.objects.discovered().exists()


def test_what_a_sender_may_is_written_and_nothing_else(channel):
    sender = Sender.objects.create(channel=channel, external_id="42", name="Ann")
    Sender.objects.update(name="Anna")
    sender.grant(Sender.Access.ADMIN)
    sender.refresh_from_db()
    assert (sender.access, str(sender)) == ("admin", "Anna")
