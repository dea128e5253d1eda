"""What WeCom's error codes mean: tried again, or not."""

import time

import pytest

from apps.chats.models import Channel, Message
from apps.platforms.adapters.wecom.errors import LIMITS
from tests.fakes.json_api import Answer
from tests.fakes.stand_in import Cut, Garbage
from tests.fakes.wecom_api import APP, error
from tests.platforms.support import detail, lost, outbound, send, status
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def test_a_secret_that_is_refused_is_said_and_not_tried_again(api, listeners, channel, caplog):
    Channel.objects.update(credentials={**APP, "secret": "wrong-secret"})
    listeners.start()
    until(lambda: status() == "failed")
    assert "invalid credential (40001)" in detail()
    time.sleep(0.3)
    assert len(api.calls_of("gettoken")) == 1
    assert "wrong-secret" not in detail() + caplog.text


def test_an_address_that_is_not_let_in_is_said_and_tried_again(api, listeners, channel):
    api.fail("agent/get", Answer(200, error(60020, "not allow to access from your ip")))
    listeners.start()
    assert "trusted IPs" in until(lost)
    until(lambda: status() == "online")


@pytest.mark.parametrize("trouble", [Answer(503), Answer(200, error(-1)), Garbage(), Cut()])
def test_passing_trouble_is_retried(api, listeners, chat, trouble):
    api.fail("message/send", trouble)
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert len(api.sent) == 1


def test_rate_limited_waits_and_counts_no_attempt(api, listeners, chat, monkeypatch):
    monkeypatch.setitem(LIMITS, 45009, 1.0)
    api.fail("message/send", Answer(200, error(45009, "reach max api daily quota limit")))
    send(chat, "one")
    listeners.start()
    (sent,) = api.wait_for_calls("message/send")
    assert sent.at - api.calls_of("message/send", done=False)[0].at >= 0.9
    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts == 1


def test_a_refusal_is_for_good_and_lets_the_next_pass(api, listeners, chat):
    api.fail("message/send", Answer(200, error(81013, "user & party & tag all invalid")))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    assert api.wait_for_calls("message/send")[0].body["text"] == {"content": "two"}
    assert Message.objects.get(text="one").error == "WeCom refused it: user & party & tag all invalid (81013)"
