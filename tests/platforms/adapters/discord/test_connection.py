"""Discord's gateway in trouble."""

import time

import pytest

from apps.chats.models import Channel, Message
from tests.fakes.discord_gateway import CONTENT_INTENT, Failure, Garbage
from tests.fakes.stand_in import Hang
from tests.platforms.adapters.discord.support import discord_channel, inbound
from tests.platforms.support import detail, lost, send, status, until_quiet
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("told_at_once", "nothing_left"),
]


def reconnects() -> int:
    return Channel.objects.get(name="bot").reconnects


def test_an_intent_that_is_not_granted_is_said(discord, listeners, room):
    discord.content_granted = False
    listeners.start()
    until(lambda: status() == "failed")
    assert "Message Content Intent is switched off" in detail()


def test_without_the_content_intent_it_can_be_done_without(discord, listeners):
    discord.content_granted = False
    discord_channel(discord, options={"api_base": discord.url, "message_content": "no"})
    listeners.start()
    until(lambda: status() == "online")
    assert [given["intents"] & CONTENT_INTENT for given in discord.identified] == [0]


@pytest.mark.parametrize("code", [4000, 1000, 1001, 4009])
def test_after_a_close_the_session_goes_on_and_nothing_is_lost(discord, online, code):
    discord.say("@Andy one")
    inbound()
    discord.close_gateway(code)
    discord.say("@Andy two")
    until(lambda: Message.objects.inbound().count() == 2)
    assert len(discord.identified) == 1
    assert discord.resumed[0]["seq"] == 2  # READY and the first message, which are stored


def test_what_was_written_during_an_outage_is_read_afterwards(discord, online):
    discord.stop()
    until(lambda: status() == "retrying")
    discord.say("@Andy where were you?")
    discord.start()
    assert inbound().text == "@Andy where were you?"
    until(lambda: status() == "online")
    assert len(discord.identified) == 1


def test_a_request_to_connect_again_is_followed(discord, online):
    discord.frame('{"op":7}')
    assert discord.wait_for(lambda: bool(discord.resumed))
    discord.say("@Andy still there?")
    assert inbound()


def test_a_session_that_is_lost_is_begun_anew(discord, online):
    discord.lose_sessions()
    assert discord.wait_for(lambda: len(discord.identified) == 2)
    until(lambda: status() == "online")
    discord.say("@Andy still there?")
    assert inbound()


def test_the_first_connection_to_the_gateway_may_fail(discord, listeners, room):
    discord.fail("socket", Failure(502), Garbage(b"\x00no frame"), Failure(503))
    listeners.start()
    until(lambda: status() == "online")
    send(room, "hi")
    assert discord.wait_for_sent(1)


def test_a_gateway_that_hangs_from_the_start_is_left(discord, listeners, room, settings):
    settings.CHANNEL_STALL_TIMEOUT = 3
    discord.fail("socket", Hang(300))
    listeners.start()
    assert "did not answer in time" in until(lost)
    until(lambda: status() == "online")


def test_a_gateway_that_falls_silent_is_found_and_left(discord, listeners, room, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1
    listeners.start()
    until(lambda: status() == "online")
    until_quiet(lambda: (len(discord.identified), len(discord.resumed)), 1.5)  # heartbeats are answered: that is enough
    losses = reconnects()
    discord.deaf = True
    until(lambda: reconnects() > losses)
    discord.deaf = False
    assert until(lambda: status() == "online")


def test_garbage_from_the_gateway_is_survived(discord, online):
    for garbage in ("no json", "[]", '{"op":10,"d":null}', '{"op":99}', '{"op":0,"t":"READY","s":1,"d":{}}'):
        discord.frame(garbage)
        time.sleep(0.1)
    until(lambda: status() == "online")
    discord.say("@Andy hello")
    assert inbound()


def test_no_more_connections_are_begun_than_are_granted(discord, listeners, room):
    discord.remaining = 0
    listeners.start()
    until(lambda: status() == "retrying")
    assert "no more connections" in detail()
    assert not discord.identified
    discord.remaining = 5
    until(lambda: status() == "online")
