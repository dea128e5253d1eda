"""DingTalk's OpenAPI and the token that it lends."""

import logging
import time

from apps.chats.models import Incident
from tests.fakes.dingtalk_api import SECRET
from tests.platforms.adapters.dingtalk.support import ACCESS, GROUP_SEND, OPEN, database
from tests.platforms.support import detail, outbound, send, status
from tests.waiting import until


@database
def test_tokens_are_asked_for_once_and_again_when_refused(ding, listeners, chat):
    for number in range(3):
        send(chat, f"message {number}")
    listeners.start()
    ding.wait_for(lambda: len(ding.calls_of(GROUP_SEND)) == 3)
    assert len(ding.calls_of(ACCESS)) == 1
    until(lambda: outbound("sent") == 3)
    ding.token = "another"
    send(chat, "later")
    until(lambda: outbound("sent") == 4)
    assert len(ding.calls_of(ACCESS)) == 2


@database
def test_a_wrong_secret_is_permanent_asked_once_and_shown_nowhere(ding, listeners, chat, caplog):
    caplog.set_level(logging.DEBUG)
    ding.secret = "another"
    listeners.start()
    until(lambda: status() == "failed")
    assert "does not accept the client id and secret" in until(Incident.objects.first).sentence
    time.sleep(0.5)
    assert len(ding.calls_of(OPEN)) == 1
    assert SECRET not in caplog.text + detail()
