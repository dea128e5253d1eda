"""The stream of DingTalk in trouble."""

import json
import logging
import re

import pytest
from django.db import transaction

from apps.chats.models import Attachment
from apps.chats.workspace.folders import workspace
from tests.fakes.dingtalk_api import SECRET, TOKEN, Answer
from tests.fakes.stand_in import Hang
from tests.platforms.adapters.dingtalk.support import GROUP_SEND, OPEN, PNG, database, inbound, kept, online
from tests.platforms.support import lost, outbound, send, status
from tests.waiting import until


@database
def test_nothing_secret_is_logged_while_all_goes_well(ding, listeners, chat, caplog):
    caplog.set_level(logging.INFO)
    online(listeners)
    ding.say("hello")
    inbound()
    (workspace(chat.group) / "a.png").write_bytes(PNG)
    with transaction.atomic():  # the outbox sees the message with its files, or not yet
        row = send(chat, "Hi", kind="image")
        Attachment.objects.create(message=row, kind="image", name="a.png", mime="image/png", path="a.png")
    until(lambda: outbound("sent") == 1)
    assert ding.in_session
    assert ding.calls_of("/media/upload")
    assert not re.search(f"{SECRET}|{TOKEN}|tick|session=", caplog.text)


@database
@pytest.mark.parametrize("trouble", [Answer(503, b""), Answer(200, b"{}"), Answer(200, b"no json")])
def test_a_gateway_in_trouble_is_asked_again(ding, listeners, chat, trouble):
    ding.fail(OPEN, trouble)
    listeners.start()
    assert until(lost)
    until(lambda: status() == "online")
    assert len(ding.calls_of(OPEN)) == 2


@database
def test_a_gateway_that_hangs_is_asked_again(ding, listeners, chat, quick):
    ding.fail(OPEN, Hang(300))
    listeners.start()
    assert until(lost)
    until(lambda: status() == "online")


@database
def test_a_network_cut_is_survived_both_ways(ding, listeners, chat):
    online(listeners)
    ding.stop()
    until(lambda: status() == "retrying")
    send(chat, "while you were away")
    ding.start()
    assert ding.wait_for(lambda: ding.calls_of(GROUP_SEND))
    ding.say("back?")
    assert inbound()


@database
def test_pings_are_answered_and_a_disconnect_brings_a_new_ticket(ding, listeners, chat):
    online(listeners)
    ding.push("SYSTEM", "ping", json.dumps({"opaque": "x"}))
    (ack,) = ding.wait_for(lambda: ding.acks)
    assert json.loads(ack["data"]) == {"opaque": "x"}
    ding.push("SYSTEM", "disconnect", json.dumps({"reason": "maintenance"}))
    assert ding.wait_for(lambda: len(ding.calls_of(OPEN)) == 2)
    until(lambda: status() == "online")


@database
def test_a_stream_that_is_half_dead_is_found(ding, listeners, chat, quick):
    ding.answers_pings = False
    online(listeners)
    until(lambda: "does not answer any more" in lost())
    ding.answers_pings = True
    until(lambda: status() == "online")
    assert len(ding.calls_of(OPEN)) >= 2


@database
def test_garbage_is_passed_over_and_acknowledged_where_it_can_be(ding, listeners, chat):
    online(listeners)
    for frame in ("]]", "[]", "null", "{}", '{"type": "CALLBACK"}', '{"type": "CALLBACK", "headers": 7}', "[" * 5000):
        ding.push_raw(frame)
    ding.deliver("no json")
    ding.deliver([1])
    ding.deliver({"msgId": 7})
    ding.say("hello")
    assert inbound().text == "hello"
    ding.wait_for(lambda: len([ack for ack in ding.acks if "messageId" in ack["headers"]]) == 4)
    assert kept().reconnects == 0
