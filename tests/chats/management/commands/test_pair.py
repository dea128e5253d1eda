from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.chats import pairing
from apps.chats.models import Channel, Chat, Message, Pairing, Platform, Sender
from apps.chats.services import create_group

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    return Channel.objects.create(platform=Platform.TELEGRAM, name="bot")


@pytest.fixture
def waiting(channel):
    chat = Chat.objects.create(channel=channel, external_id="42", kind=Chat.Kind.DIRECT)
    sender = Sender.objects.create(channel=channel, external_id="42", name="Ann")
    first = Message(chat=chat, direction="in", external_id="1", sender=sender, text="hello")
    assert pairing.offer(sender, chat, first, reply_to="1", thread_id="")
    return Pairing.objects.get()


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_pair_lists_who_waits(waiting):
    assert f"{waiting.code}  Ann  telegram:42" in run("pair")


def test_pair_lets_in(waiting):
    create_group(folder="team")
    assert "served by team" in run("pair", waiting.code.lower(), "team")
    assert Sender.objects.get().access == Sender.Access.ALLOWED
    assert Message.objects.inbound().get().calls_agent


def test_pair_makes_the_first_admin(waiting):
    create_group(folder="team")
    run("pair", waiting.code, "team", "--admin")
    assert Sender.objects.get().access == Sender.Access.ADMIN


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["NONSENSE"], "no such code"), (["CODE", "nowhere"], "no group 'nowhere'"), (["CODE"], "name the group")],
)
def test_pair_says_why_not(waiting, arguments, sentence):
    given = [waiting.code if word == "CODE" else word for word in arguments]
    with pytest.raises(CommandError, match=sentence):
        run("pair", *given)
    assert Pairing.objects.exists()


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
