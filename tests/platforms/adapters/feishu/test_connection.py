"""Feishu's long connection when something is wrong, and the test of the credentials."""

import asyncio
import logging
import time

import pytest
from asgiref.sync import async_to_sync

from apps.chats.models import Channel
from apps.platforms.adapters.feishu.adapter import FeishuAdapter
from apps.platforms.admin.channels import checked
from apps.platforms.base import Batch, Identity
from tests.fakes.feishu_api import SECRET, Failure, FeishuApi
from tests.fakes.stand_in import Garbage, Hang
from tests.platforms.adapters.feishu.support import feishu_channel, inbound_one
from tests.platforms.support import detail, lost, send, status
from tests.waiting import in_time, until

pytestmark = pytest.mark.django_db(transaction=True)


def reconnects() -> int:
    return Channel.objects.get(name="bot").reconnects


def test_a_wrong_secret_is_permanent_and_says_so_without_it(api, listeners):
    feishu_channel(api, credentials={"app_secret": "not-the-secret"})
    listeners.start()
    until(lambda: status() == "failed")
    assert "app ID or its secret" in detail()
    assert "not-the-secret" not in detail()
    time.sleep(0.3)
    assert len(api.calls_of("token")) == 1


def test_an_app_that_may_have_no_long_connection_is_permanent(api, listeners):
    api.keep_failing("endpoint", Failure(403, "forbidden", 200))
    feishu_channel(api)
    listeners.start()
    until(lambda: status() == "failed")
    assert "forbidden" in detail()


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("bot", 11205, "failed"),
        ("bot", 77777, "retrying"),
        ("endpoint", 77777, "retrying"),
        ("endpoint", 514, "failed"),
    ],
)
def test_only_a_refusal_that_stays_is_permanent(api, listeners, name, code, expected):
    api.keep_failing(name, Failure(code, "so it is", 200))
    feishu_channel(api)
    listeners.start()
    until(lambda: status() == expected)
    assert f"so it is ({code})" in detail()


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


def test_an_endpoint_that_hangs_or_lies_delays_no_other_channel(api, listeners, chat):
    with FeishuApi() as hanging:
        hanging.keep_failing("endpoint", Hang(300))
        feishu_channel(hanging, "stuck")
        lying = FeishuApi()
        with lying:
            lying.keep_failing("bot", Garbage(b'{"code": 0, "bot": "me"}'))
            feishu_channel(lying, "lied to")
            listeners.start()
            send(chat, "hi")
            api.wait_for_sent(1)
            until(lambda: status("lied to") == "retrying")
            assert status("stuck") == "connecting"
            listeners.stop()


def test_neither_the_secret_nor_the_ticket_nor_words_are_logged(api, listeners, chat, caplog, capfd):
    caplog.set_level(logging.INFO)
    listeners.start()
    api.say("@Andy a private word")
    inbound_one()
    api.cut()
    until(lambda: reconnects() == 1)
    listeners.stop()
    told = caplog.text + "".join(capfd.readouterr())
    for secret in (SECRET, "ticket-of", "t-lent", "private word"):
        assert secret not in told


# Together.


def test_what_arrived_together_is_stored_together_and_acknowledged_afterwards(api, chat):
    async def story():
        adapter = FeishuAdapter(chat.channel)
        events = adapter.listen()
        try:
            assert isinstance(await anext(events), Identity)
            for number in range(3):
                await asyncio.to_thread(api.say, f"message {number}")
            for _ in range(4):
                await asyncio.sleep(0.05)
            while not isinstance(batch := await anext(events), Batch):
                pass  # a ping was answered
            return batch, list(api.acknowledged)
        finally:
            await events.aclose()
            await adapter.close()

    batch, acknowledged = async_to_sync(story)()
    assert [message.text for message in batch] == ["message 0", "message 1", "message 2"]
    assert acknowledged == []


# Test connection.


def test_the_connection_is_tested(api):
    worked, said = checked(feishu_channel(api))
    assert (worked, said) == (True, "The credentials work: the bot is Andy, and it may have a long connection.")


@pytest.mark.parametrize(
    ("credentials", "sentence"),
    [
        ({"app_secret": "wrong"}, "does not accept the app ID or its secret"),
        ({"app_id": ""}, "“app_id” of the channel “bot” is missing"),
        ({"mode": "webhook"}, "“encrypt_key” of the channel “bot” is missing"),
    ],
)
def test_what_is_wrong_is_said(api, credentials, sentence):
    worked, said = checked(feishu_channel(api, credentials=credentials))
    assert not worked
    assert sentence in said
