"""Feishu's OpenAPI and the token that it lends."""

import time

import pytest

from tests.fakes.feishu_api import FeishuApi
from tests.fakes.stand_in import Garbage, Hang
from tests.platforms.adapters.feishu.support import feishu_channel
from tests.platforms.support import detail, send, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_token_that_ended_early_is_renewed_once_for_all(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.expire_tokens()
    send(chat, "hi")
    api.wait_for_sent(1)
    assert len(api.calls_of("token")) == 2


def test_a_wrong_secret_is_permanent_and_says_so_without_it(api, listeners):
    feishu_channel(api, credentials={"app_secret": "not-the-secret"})
    listeners.start()
    until(lambda: status() == "failed")
    assert "app ID or its secret" in detail()
    assert "not-the-secret" not in detail()
    time.sleep(0.3)
    assert len(api.calls_of("token")) == 1


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
