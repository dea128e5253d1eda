"""What Feishu's error codes mean."""

import pytest

from apps.chats.models import Message
from apps.platforms.adapters.feishu.errors import refusal
from tests.fakes.feishu_api import Failure
from tests.fakes.stand_in import Garbage
from tests.platforms.adapters.feishu.support import feishu_channel
from tests.platforms.support import detail, outbound, send, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("code", "status", "permanent", "waits"),
    [
        (230002, 400, True, False),
        (10014, 200, True, False),
        (99991672, 400, True, False),
        (99991400, 429, False, True),
        (230020, 400, False, True),
        (0, 429, False, True),
        (230049, 400, False, False),
        (5, 503, False, False),
        (99991663, 400, False, False),
    ],
)
def test_errors_are_told_apart(code, status, permanent, waits):
    error = refusal(code, "words", status=status, headers={"x-ogw-ratelimit-reset": "nonsense"})
    assert (error.permanent, error.retry_after is not None) == (permanent, waits)


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


def test_rate_limited_waits_as_told(api, listeners, chat):
    api.fail("send", Failure(99991400, "request trigger frequency limit", 429, {"x-ogw-ratelimit-reset": "1"}))
    listeners.start()
    send(chat, "one")
    send(chat, "two")
    one, two = api.wait_for_sent(2)
    assert (one.text, two.text) == ("one", "two")
    assert one.at - api.calls_of("send")[0].at >= 0.9


def test_a_permanent_refusal_fails_at_once_with_a_sentence(api, listeners, chat):
    api.fail("send", Failure(230002, "Bot/User can NOT be out of the chat."))
    listeners.start()
    send(chat, "hi")
    until(lambda: outbound("failed") == 1)
    assert "out of the chat" in Message.objects.get().error


@pytest.mark.parametrize(
    "trouble", [Garbage(), Garbage(b"[]"), Garbage(b'{"code": 0, "data": []}'), Failure(1, status=500)]
)
def test_temporary_trouble_is_tried_again(api, listeners, chat, trouble):
    api.fail("send", trouble)
    listeners.start()
    send(chat, "hi")
    api.wait_for_sent(1)
    until(lambda: outbound("sent") == 1)
    assert [call.answered for call in api.calls_of("send")] == [False, True]
