import pytest
from django.core.management import CommandError

from apps.chats.models import Message, Pairing, Sender
from tests.chats.management.commands.support import run

pytestmark = pytest.mark.django_db


def test_setsender_knows_people_before_they_write(channel):
    assert "admin" in run("setsender", "bot", "77", "admin")
    assert Sender.objects.get(external_id="77").access == Sender.Access.ADMIN


def test_setsender_blocks_with_what_waited(waiting):
    run("setsender", "bot", "42", "blocked")
    assert not Pairing.objects.exists()
    assert not Message.objects.inbound().exists()


def test_setsender_needs_a_channel_that_there_is(channel):
    with pytest.raises(CommandError, match="no channel 'nobot'"):
        run("setsender", "nobot", "77", "admin")
