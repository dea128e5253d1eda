"""What the library raises: tried again, or not."""

import pytest

from apps.chats.models import Message
from tests.fakes.discord_gateway import Failure
from tests.platforms.adapters.discord.support import discord_channel
from tests.platforms.support import detail, outbound, send, status
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("told_at_once", "nothing_left"),
]


def test_a_refused_token_is_permanent_and_said(discord, listeners):
    discord_channel(discord, credentials={"token": "wrong-token"})
    listeners.start()
    until(lambda: status() == "failed")
    assert "does not accept the bot's token" in detail()
    assert "wrong-token" not in detail()


@pytest.mark.parametrize(("code", "words"), [(4004, "token"), (4014, "Message Content Intent"), (4011, "servers")])
def test_a_fatal_close_is_permanent_and_said(discord, online, code, words):
    discord.close_gateway(code, refuse=True)
    until(lambda: status() == "failed")
    assert words in detail()


def test_a_rate_limit_is_waited_for_and_one_message_is_seen(discord, online):
    discord.fail("send", Failure(429, retry_after=0.3), Failure(429, retry_after=0.5, via=False))
    send(online, "hi")
    until(lambda: outbound("sent") == 1)
    first, second = (call for call in discord.calls_of("send") if not call.answered)
    assert second.at - first.at >= 0.3
    assert discord.sent[0].at - second.at >= 0.4
    assert len(discord.sent) == 1


def test_a_server_error_is_retried(discord, online):
    discord.fail("send", Failure(503), Failure(500))
    send(online, "hi")
    until(lambda: outbound("sent") == 1)
    assert len(discord.sent) == 1


def test_a_refusal_fails_at_once_and_lets_the_next_pass(discord, online):
    discord.fail("send", Failure(403, "Missing Permissions", 50013))
    send(online, "one")
    send(online, "two")
    assert [call.text for call in discord.wait_for_sent(1)] == ["two"]
    failed = Message.objects.get(text="one")
    assert (failed.delivery, failed.attempts) == ("failed", 1)
    assert "Missing Permissions" in failed.error
