"""WeCom's callbacks, encrypted and signed: which are believed."""

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from apps.chats.models import Channel, Message
from tests.fakes.wecom_api import APP, BOT, CORP_ID, app_callback, app_message, bot_callback, bot_message, sealed
from tests.platforms.adapters.wecom.support import URL
from tests.platforms.hooks import ask, assert_refused, call
from tests.platforms.support import registered_chat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


@pytest.fixture(params=["app", "aibot"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def channel(kind: str) -> Channel:
    credentials = APP if kind == "app" else BOT
    channel = Channel.objects.create(platform="wecom", name="bot", credentials=credentials)
    registered_chat(channel, "ann")
    registered_chat(channel, "wr-group")
    return channel


@pytest.fixture
def callback(kind: str) -> Callable[..., Any]:
    """As the kind of channel gets it: (body, query) of the given number."""

    def made(number=1, **how):
        return (
            app_callback(app_message(number), **how) if kind == "app" else bot_callback(bot_message(URL, number), **how)
        )

    return made


def receiver_of(kind: str) -> str:
    return CORP_ID if kind == "app" else ""


def test_the_handshake(channel, kind):
    encrypted, query = sealed("1234567890", receiver=receiver_of(kind))
    answer = ask(channel, urlencode({**query, "echostr": encrypted}))
    assert (answer.status_code, answer.content) == (200, b"1234567890")
    assert_refused(ask(channel, urlencode({**query, "echostr": encrypted[:-4] + "AAA="})), 401)
    assert_refused(ask(channel), 401)


def test_a_message_is_taken_and_the_answer_is_empty(channel, callback):
    body, query = callback()
    answer = call(channel, body, query=query)

    assert (answer.status_code, answer.content) == (200, b"")
    assert Message.objects.get().calls_agent


@pytest.mark.parametrize("leave", ["msg_signature", "timestamp", "nonce"])
def test_without_its_signature_nothing_is_taken(channel, callback, leave):
    body, query = callback()
    rest = "&".join(pair for pair in query.split("&") if not pair.startswith(leave))
    assert_refused(call(channel, body, query=rest), 401)


def test_another_token_is_refused(channel, callback):
    body, query = callback(token="other")
    assert_refused(call(channel, body, query=query), 401)


def test_another_body_under_the_same_signature_is_refused(channel, callback):
    body, _ = callback(1)
    _, query = callback(2)
    assert_refused(call(channel, body, query=query), 401)


@pytest.mark.parametrize("seconds", [-400, 400])
def test_another_time_is_refused(channel, callback, seconds):
    body, query = callback(when=int(time.time()) + seconds)
    assert_refused(call(channel, body, query=query), 403)


def test_another_receiver_is_refused(channel, callback):
    body, query = callback(receiver="ww-other")
    assert_refused(call(channel, body, query=query), 403)


def test_another_key_is_refused(channel, callback):
    Channel.objects.update(credentials={**channel.credentials, "encoding_aes_key": "z" * 42 + "E"})
    body, query = callback()
    assert_refused(call(channel, body, query=query), 403)


def test_a_second_delivery_changes_nothing(channel, callback):
    body, query = callback()
    assert [call(channel, body, query=query).status_code for _ in range(3)] == [200, 200, 200]
    body, query = callback()  # the same message, encrypted anew
    assert call(channel, body, query=query).status_code == 200
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        "", "{", "[]", "null", "<xml>", "<xml/>", '{"encrypt": 7}', b"\xff\xfe", "[" * 20000, "<a>" * 20000,
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Encrypt>&a;</Encrypt></xml>',
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(channel, body):
    assert_refused(call(channel, body, query="msg_signature=x&timestamp=1&nonce=2"), None)


def test_what_is_inside_must_make_sense_too(channel, kind):
    encrypted, query = sealed("nonsense", receiver=receiver_of(kind))
    body = f"<xml><Encrypt>{encrypted}</Encrypt></xml>" if kind == "app" else json.dumps({"encrypt": encrypted})
    assert_refused(call(channel, body, query=urlencode(query)), 400)


@pytest.mark.parametrize("encrypted", ["", "AAAA", "A" * 44, "ü", "=" * 64])
def test_rightly_signed_rubbish_is_refused(channel, kind, encrypted):
    query = {"timestamp": str(int(time.time())), "nonce": "n"}
    joined = "".join(sorted(["fakeCallbackToken", *query.values(), encrypted]))
    query["msg_signature"] = hashlib.sha1(joined.encode()).hexdigest()
    body = f"<xml><Encrypt>{encrypted}</Encrypt></xml>" if kind == "app" else json.dumps({"encrypt": encrypted})
    assert_refused(call(channel, body, query=urlencode(query)))
