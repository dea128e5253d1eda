"""What DingTalk's answers mean: tried again, or not."""

import pytest

from apps.chats.models import Message
from tests.fakes.dingtalk_api import Answer
from tests.platforms.adapters.dingtalk.support import GROUP_SEND, database
from tests.platforms.support import outbound, send
from tests.waiting import until


@database
@pytest.mark.parametrize(
    "answer",
    [
        Answer(429, {}, (("Retry-After", "1"),)),
        Answer(403, {"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"}, (("Retry-After", "1"),)),
    ],
)
def test_rate_limited_waits_as_told(ding, listeners, chat, answer):
    ding.fail(GROUP_SEND, answer)
    send(chat, "Hi")
    listeners.start()
    refused, taken = ding.wait_for(lambda: len(ding.calls_of(GROUP_SEND)) == 2 and ding.calls_of(GROUP_SEND))
    assert taken.at - refused.at >= 0.9


@database
def test_a_refusal_fails_the_message_and_lets_the_next_pass(ding, listeners, chat):
    ding.fail(GROUP_SEND, Answer(400, {"code": "robot.not.in.group", "message": "the robot is not in the group"}))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    failed = Message.objects.get(text="one")
    assert (failed.delivery, failed.attempts) == ("failed", 1)
    assert "not in the group" in failed.error


@database
@pytest.mark.parametrize("trouble", [Answer(500, b"oops"), Answer(200, b"<html>"), Answer(200, b"[]")])
def test_trouble_is_tried_again(ding, listeners, chat, trouble):
    ding.fail(GROUP_SEND, trouble)
    send(chat, "Hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert Message.objects.outbound().get().attempts == 2
