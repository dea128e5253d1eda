"""Reverse: the implementation connects to us."""

import time

import pytest
from websockets.protocol import State

from tests.fakes.qq_onebot import SELF_ID, TOKEN, text
from tests.platforms.adapters.qq.support import channel, database, inbound, kept
from tests.platforms.support import detail, send, status
from tests.waiting import until


@database
def test_they_connect_to_us_and_both_directions_work(bot, listeners, reverse_url, reverse_chat):
    listeners.start()
    bot.dial_until(reverse_url)
    until(lambda: status() == "online")
    bot.say("@Andy hello")
    assert inbound().text == "@Andy hello"
    send(reverse_chat, "Hi")
    assert bot.wait_for_sent(1)[0] == {"group_id": 777, "message": [text("Hi")]}
    assert kept().identity == {"id": str(SELF_ID), "name": "Bot"}


@database
def test_who_connects_must_hold_the_token_and_say_who_it_is(bot, listeners, reverse_url, reverse_chat):
    listeners.start()
    bot.dial_until(reverse_url)
    assert bot.refusal(reverse_url, token="") == 401
    assert bot.refusal(reverse_url, token="wrong") == 403
    assert bot.refusal(f"{reverse_url}?access_token=wrong", token="") == 403
    assert bot.refusal(f"{reverse_url}?access_token={TOKEN}", token="") == 101
    assert bot.refusal(reverse_url, token="", Authorization=f"Token {TOKEN}") == 101
    assert bot.refusal(f"{reverse_url}elsewhere") == 404
    assert bot.refusal(reverse_url, self_id="") == 400
    assert bot.refusal(reverse_url, **{"X-Client-Role": "API"}) == 400
    assert bot.refusal(reverse_url, self_id=20002) == 409


@database
def test_the_newer_connection_wins_and_the_older_ones_end_changes_nothing(
    bot, listeners, reverse_url, reverse_chat, settings
):
    settings.CHANNEL_HEARTBEAT = 2  # a machine that stands still for less does not count as a connection that is lost
    listeners.start()
    half_dead = bot.dial_until(reverse_url)
    until(lambda: status() == "online")
    bot.forget(half_dead)
    bot.dial(reverse_url)
    time.sleep(2.5 * settings.CHANNEL_HEARTBEAT)  # the older one's ping, its time-out and clean-up
    send(reverse_chat, "Hi")
    assert bot.wait_for_sent(1)
    bot.say("@Andy still here")
    assert inbound().text == "@Andy still here"
    assert (kept().status, kept().reconnects) == ("online", 0)


@database
def test_the_older_connection_is_dropped_at_once(bot, listeners, reverse_url, reverse_chat, settings):
    settings.CHANNEL_HEARTBEAT = settings.CHANNEL_STALL_TIMEOUT = 60  # so no ping of ours finds it
    listeners.start()
    older = bot.dial_until(reverse_url)
    until(lambda: status() == "online")
    newer = bot.dial(reverse_url)
    until(lambda: older.state is State.CLOSED)
    assert newer.state is State.OPEN


@database
def test_an_implementation_that_goes_may_come_back(bot, listeners, reverse_url, reverse_chat):
    listeners.start()
    bot.dial_until(reverse_url)
    until(lambda: status() == "online")
    bot.cut()
    until(lambda: status() == "retrying")
    send(reverse_chat, "while you were away")
    bot.dial_until(reverse_url)
    assert bot.wait_for_sent(1)


@database
def test_that_nobody_connects_is_said(listeners, reverse_chat, quick):
    listeners.start()
    until(lambda: "has connected" in detail())
    assert status() == "retrying"


@database
def test_a_port_that_is_taken_is_said(listeners, bot):
    channel(bot.url, mode="reverse")
    listeners.start()
    until(lambda: "cannot be opened" in detail())
    assert status() == "retrying"


@database
@pytest.mark.parametrize("url", ["wss://0.0.0.0:8095/", "ws://0.0.0.0/", "nonsense", "ws://x:99999999/"])
def test_an_address_where_nobody_can_listen_is_permanent(listeners, url):
    channel(url, mode="reverse")
    listeners.start()
    until(lambda: status() == "failed")
    assert "where we listen" in detail()
