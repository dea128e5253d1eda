"""Feishu's long connection when something is wrong."""

import time

import pytest

from apps.chats.models import Channel
from tests.fakes.feishu_api import Failure
from tests.platforms.adapters.feishu.support import feishu_channel, inbound_one, reconnects
from tests.platforms.support import detail, lost, status
from tests.waiting import in_time, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_app_that_may_have_no_long_connection_is_permanent(api, listeners):
    api.keep_failing("endpoint", Failure(403, "forbidden", 200))
    feishu_channel(api)
    listeners.start()
    until(lambda: status() == "failed")
    assert "forbidden" in detail()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Handshake-Status": "403", "Handshake-Msg": "forbidden"}, "failed"),
        ({"Handshake-Status": "514", "Handshake-Msg": "full", "Handshake-Autherrcode": "1000040350"}, "retrying"),
        ({"Handshake-Status": "514", "Handshake-Msg": "old", "Handshake-Autherrcode": "1000040346"}, "retrying"),
        ({"Handshake-Status": "nonsense", "Handshake-Msg": "x"}, "retrying"),
        ({}, "retrying"),
    ],
)
def test_a_refused_handshake_is_said(api, listeners, headers, expected):
    api.refuse_handshake = headers
    feishu_channel(api)
    listeners.start()
    until(lambda: status() == expected)
    assert "ticket-of" not in detail()
    if expected == "retrying":
        api.refuse_handshake = None
        until(lambda: status() == "online")


def test_a_closed_connection_is_made_anew(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.cut()
    until(lambda: reconnects() == 1)
    api.say("@Andy are you back?")
    assert inbound_one()


def test_stopping_lets_go_at_once_and_of_everything(api, listeners, chat):

    def stop() -> float:
        listeners.start()
        until(lambda: status() == "online")
        began = time.monotonic()
        listeners.stop()  # asserts that no task is left
        return time.monotonic() - began

    in_time(3, stop)
    assert api.wait_for(lambda: not api.connections)
    assert status() == "off"


def test_a_disabled_channel_hangs_up_and_an_enabled_one_comes_back(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    Channel.objects.filter(name="bot").update(enabled=False)
    assert api.wait_for(lambda: not api.connections)
    Channel.objects.filter(name="bot").update(enabled=True)
    assert api.wait_for(lambda: bool(api.connections))


def test_a_refusal_while_reconnecting_is_no_silent_death(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.keep_failing("endpoint", Failure(403, "forbidden", 200))
    api.cut()
    until(lambda: status() == "failed" and detail())
    assert "forbidden" in detail()


def test_a_gateway_that_answers_no_ping_is_found_within_two_heartbeats(api, listeners, chat, quick):
    listeners.start()

    def found() -> float:
        api.is_deaf, pings = False, api.pings
        assert api.wait_for(lambda: api.pings > pings + 2)
        losses = reconnects()
        api.is_deaf = True
        began = time.monotonic()
        until(lambda: reconnects() > losses)
        return time.monotonic() - began

    in_time(1.5, found)
    assert "does not answer" in lost()


def test_an_event_in_parts_is_put_together(api, listeners, chat):
    listeners.start()
    api.say(f"@Andy {'long ' * 500}", parts=3)
    assert len(inbound_one().text) > 2000


def test_unknown_events_and_garbage_hold_up_nobody_and_are_acknowledged(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.throw(b"\xff\xfe no frame")
    api.throw("text")
    api.push(b"no json")
    api.push({"schema": "2.0", "header": {"event_type": "im.message.reaction.created_v1"}, "event": {}})
    api.say("@Andy hello", content="[]")
    api.say("@Andy hello")
    assert inbound_one().text == "@Andy hello"
    assert api.wait_for(lambda: len(api.acknowledged) == 4)
    assert status() == "online"
