"""Slack's websocket: renewed, lost, refused, silent; and what the channel's status says of it."""

import time

import pytest

from apps.chats.models import Message
from tests.fakes.slack_api import SlackApi
from tests.fakes.stand_in import Garbage, Hang
from tests.platforms.adapters.slack.support import bot, online, slack_channel
from tests.platforms.support import detail, lost, registered_chat, status, until_quiet
from tests.waiting import in_time, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_slack_renews_the_connection_and_nothing_is_lost(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    time.sleep(0.1)
    api.fail("apps.connections.open", Hang(0.5))
    api.disconnect("warning")
    time.sleep(0.6)  # it was noticed, and the new one is asked for
    api.say("on the old one")
    assert api.wait_for(lambda: len(api.calls_of("apps.connections.open")) == 2 and len(api.connections) == 1)
    api.say("on the new one")
    until(lambda: Message.objects.inbound().count() == 2)
    assert api.most_connections == 2  # the new one stood before the old one went
    assert bot().reconnects == 0
    assert api.wait_for(lambda: len(api.acknowledged) == 2)


def test_a_server_that_always_disconnects_is_not_called_without_pause(api, listeners, chat, settings):
    settings.CHANNEL_BACKOFF = (0.5, 0.5)
    listeners.start()
    until(lambda: status() == "online")
    api.disconnect("refresh_requested")
    assert "as soon as it is open" in until(lost)
    until(lambda: status() == "online")


def test_a_server_that_closes_is_connected_to_again(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.cut()
    until(lambda: bot().reconnects == 1)
    until(lambda: status() == "online")
    api.say("hello again")
    assert until(lambda: Message.objects.inbound().exists())


def test_a_connection_that_died_silently_is_found_out(api, listeners, chat, settings):
    def found() -> float:
        settings.CHANNEL_HEARTBEAT = 0.4
        api.deaf = True
        listeners.start()
        until(lambda: status() == "online")
        began, losses = time.monotonic(), bot().reconnects
        api.deaf, settings.CHANNEL_HEARTBEAT = False, 30  # on the connections made afterwards
        until(lambda: bot().reconnects > losses)
        took = time.monotonic() - began
        until(lambda: status() == "online")
        if took >= 2.5:
            listeners.stop()
        return took

    in_time(2.5, found)
    api.say("hello again")
    assert until(lambda: Message.objects.inbound().exists())


def test_a_server_that_does_not_answer_a_goodbye_holds_up_nobody(api, listeners, chat):
    api.deaf = True

    def goodbye() -> float:
        listeners.start()
        until(lambda: status() == "online")
        began = time.monotonic()
        listeners.stop()
        return time.monotonic() - began

    in_time(4, goodbye)


def test_answered_pings_keep_a_quiet_connection(api, listeners, chat, settings):
    settings.CHANNEL_HEARTBEAT = 0.3
    settings.CHANNEL_STALL_TIMEOUT = 1
    listeners.start()
    until(lambda: status() == "online")
    until_quiet(lambda: bot().reconnects, 1.8)
    assert until(lambda: status() == "online")


@pytest.mark.parametrize("wrong", ["bot_token", "app_token"])
def test_a_wrong_token_is_permanent_and_said(api, listeners, wrong):
    slack_channel(api, credentials={wrong: "xoxb-secret-wrong"})
    listeners.start()
    until(lambda: status() == "failed")
    assert "does not accept the token" in detail()
    assert "secret" not in detail()


def test_a_dead_ticket_is_given_up_and_another_one_asked_for(api, listeners, chat, monkeypatch, caplog):
    monkeypatch.setattr("apps.platforms.adapters.slack.connection.OPENING", 0.3)
    api.refuses_tickets = True
    listeners.start()
    until(lambda: status() == "retrying")
    assert "did not open" in detail()
    api.refuses_tickets = False
    until(lambda: status() == "online")
    assert len(api.calls_of("apps.connections.open")) >= 2
    assert "ticket-" not in caplog.text


def test_without_a_hello_it_is_not_online(api, listeners, chat, monkeypatch):
    monkeypatch.setattr("apps.platforms.adapters.slack.connection.OPENING", 0.3)
    api.silent_hello = True
    listeners.start()
    until(lambda: status() == "retrying")
    assert "did not open" in detail()


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("link_disabled", "Socket Mode is switched off"),
        ("too_many_websockets", "Slack allows ten"),
        ("unheard_of", "Slack closed"),
    ],
)
def test_why_slack_closes_is_said(api, listeners, chat, settings, reason, sentence):
    settings.CHANNEL_BACKOFF = (0.5, 0.5)
    listeners.start()
    until(lambda: status() == "online")
    api.disconnect(reason)
    assert sentence in until(lost)


@pytest.mark.parametrize("trouble", [Garbage(), Garbage(b"[1]", "application/json"), Garbage(b"{", "application/json")])
def test_garbage_for_an_answer_is_survived(api, listeners, chat, trouble):
    api.fail("auth.test", trouble)
    api.fail("apps.connections.open", trouble)
    listeners.start()
    until(lambda: status() == "online")
    assert bot().reconnects == 2
    assert "not Slack's API" in bot().last_error


def test_another_channel_does_not_notice_one_that_hangs(api, listeners, chat):
    with SlackApi() as hanging:
        hanging.keep_failing("auth.test", Hang(300))
        slack_channel(hanging, name="stuck")
        listeners.start()
        until(lambda: status() == "online")
        api.say("hello")
        assert until(lambda: Message.objects.inbound().exists())
        listeners.stop()


def test_a_server_that_is_away_is_said_without_its_address(api, listeners):
    slack_channel(api, options={"api_base": "http://127.0.0.1:1/api"})
    listeners.start()
    until(lambda: status() == "retrying")
    assert detail().startswith("Slack cannot be reached: ClientConnectorError.")


def test_strange_frames_hold_up_nobody(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    for frame in ("not json", "{", "[1]", "null", '{"type": "unheard_of"}', '{"envelope_id": 5, "type": "events_api"}'):
        api.send_raw(frame)
    api.push({"type": "message", "channel": 5})
    api.push({"type": "reaction_added", "user": "UANN"})
    api.push({}, type="slash_commands", payload={"command": "/x"})
    api.push({}, payload="text")
    api.say("still there")
    assert until(lambda: Message.objects.inbound().first()).text == "still there"
    assert api.wait_for(lambda: len(api.acknowledged) == 5)
    assert bot().reconnects == 0


def test_an_operators_own_websocket_server_gets_the_ticket(api, listeners):
    registered_chat(slack_channel(api, options={"ws_base": f"ws://127.0.0.1:{api.port}/"}), "C1")
    online(listeners)
    assert api.connections
    listeners.stop()
    until(lambda: not api.connections)
