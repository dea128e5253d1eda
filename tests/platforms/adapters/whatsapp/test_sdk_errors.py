"""What the library raises: tried again, or not."""

import time

import pytest

from apps.chats.models import Channel, Message
from tests.fakes.json_api import Answer
from tests.fakes.stand_in import Cut, Garbage
from tests.fakes.whatsapp_api import CREDENTIALS, graph_error
from tests.platforms.support import age, detail, lost, outbound, send, status
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def test_a_token_that_is_refused_is_said_and_not_tried_again(api, listeners, channel, caplog):
    Channel.objects.update(credentials={**CREDENTIALS, "access_token": "EAAwrong"})
    listeners.start()
    until(lambda: status() == "failed")
    assert "does not accept the access token" in detail()
    time.sleep(0.3)
    assert len(api.calls_of("number")) == 1
    assert "EAAwrong" not in detail() + caplog.text


@pytest.mark.parametrize("trouble", [Answer(502), Garbage(), Cut()])
def test_a_server_in_trouble_is_asked_again(api, listeners, channel, trouble):
    api.fail("number", trouble)
    listeners.start()
    assert until(lost)
    until(lambda: status() == "online")
    assert len(api.calls_of("number")) == 1  # the one that was answered


def test_rate_limited_waits_and_counts_no_attempt(api, listeners, chat):
    api.fail("messages", Answer(400, graph_error(130429, "Rate limit hit"), {"Retry-After": "1"}))
    send(chat, "one")
    listeners.start()
    (sent,) = api.wait_for_calls("messages")
    assert sent.at - api.calls_of("messages", done=False)[0].at >= 0.9
    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts == 1


@pytest.mark.parametrize("trouble", [Answer(503), Answer(500, graph_error(131000)), Garbage(), Cut()])
def test_passing_trouble_is_retried(api, listeners, chat, trouble):
    api.fail("messages", trouble)
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert len(api.sent) == 1


def test_a_refusal_is_for_good_and_lets_the_next_pass(api, listeners, chat):
    api.fail("messages", Answer(400, graph_error(131026, "Message undeliverable", "Not on WhatsApp.")))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    assert api.wait_for_calls("messages")[0].body["text"]["body"] == "two"
    failed = Message.objects.get(text="one")
    assert (failed.delivery, "Not on WhatsApp." in failed.error) == ("failed", True)


def test_an_old_message_of_which_nobody_knows_is_left_for_a_person(api, listeners, chat):
    api.fail("messages", Cut(done=True))
    age(send(chat, "hi"), minutes=16)
    listeners.start()
    until(lambda: outbound("unknown") == 1)
    assert len(api.sent) == 1
