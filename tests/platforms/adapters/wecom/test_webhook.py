"""WeCom's callbacks, encrypted and signed: which are believed, and what they mean."""

import base64
import hashlib
import json
import time
from functools import partial
from itertools import product
from urllib.parse import urlencode

import pytest

from apps.chats.models import Channel, Chat, Message, Platform
from apps.platforms.adapters.wecom import payloads, xml
from apps.platforms.adapters.wecom.aibot import payloads as bot_payloads
from apps.platforms.adapters.wecom.codec import Codec
from apps.platforms.base import PayloadError
from tests.fakes.wecom_api import (
    AGENT_ID,
    APP,
    BOT,
    CORP_ID,
    app_callback,
    app_message,
    bot_callback,
    bot_message,
    sealed,
)
from tests.platforms.fuzz import STRANGE, mutations, survived
from tests.platforms.hooks import ask, assert_refused, call
from tests.platforms.support import registered_chat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]

URL = "https://qyapi.weixin.qq.com"


@pytest.fixture(params=["app", "aibot"])
def kind(request):
    return request.param


@pytest.fixture
def channel(kind):
    credentials = APP if kind == "app" else BOT
    channel = Channel.objects.create(platform=Platform.WECOM, name="bot", credentials=credentials)
    registered_chat(channel, "ann")
    registered_chat(channel, "wr-group")
    return channel


@pytest.fixture
def callback(kind):
    """As the kind of channel gets it: (body, query) of the given number."""

    def made(number=1, **how):
        return (
            app_callback(app_message(number), **how) if kind == "app" else bot_callback(bot_message(URL, number), **how)
        )

    return made


def receiver_of(kind):
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


def test_another_app_of_the_company_is_not_ours():
    for other in ({"AgentID": "7"}, {"ToUserName": "ww-other"}):
        with pytest.raises(PayloadError):
            payloads.events(app_message(**other).encode(), corp_id=CORP_ID, agent_id=AGENT_ID)


# What it means.


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({"Content": "<!DOCTYPE html> 1 < 2"}, "text", "<!DOCTYPE html> 1 < 2"),
        ({"MsgType": "image", "MediaId": "M"}, "image", "[photo]"),
        ({"MsgType": "voice", "MediaId": "M", "Format": "amr"}, "voice", "[voice message]"),
        ({"MsgType": "video", "MediaId": "M"}, "video", "[video]"),
        ({"MsgType": "link", "Title": "T", "Url": "https://x.y"}, "text", "T\nhttps://x.y"),
        ({"MsgType": "location", "Location_X": "1", "Location_Y": "2", "Label": "H"}, "other", "[location: H 1, 2]"),
        ({"MsgType": "something_new"}, "other", "[something_new]"),
    ],
)  # fmt: skip
def test_each_kind_of_an_apps_messages(given, kind, text):
    ((message,),) = payloads.events(app_message(**given).encode(), corp_id=CORP_ID, agent_id=AGENT_ID)
    assert (message.kind, message.text, len(message.attachments)) == (kind, text, int("MediaId" in given))


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({}, "text", "@Andy hello"),
        ({"msgtype": "image", "image": {"url": "https://x.y/z"}}, "image", "[photo]"),
        ({"msgtype": "voice", "voice": {"content": "what I said"}}, "text", "what I said"),
        ({"msgtype": "file", "file": {"url": "https://x.y/z"}}, "file", "[file]"),
        ({"msgtype": "something_new"}, "other", "[something_new]"),
        (
            {"msgtype": "mixed", "mixed": {"msg_item": [
                {"msgtype": "text", "text": {"content": "see"}}, {"msgtype": "image", "image": {"url": "https://x.y/z"}}
            ]}},
            "text", "see\n[photo]",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_a_bots_messages(given, kind, text):
    ((message,),) = bot_payloads.events(json.dumps(bot_message(URL, **given)).encode())
    assert (message.kind, message.text) == (kind, text)
    assert (message.chat_kind, message.chat_id, message.mentions_bot) == (Chat.Kind.GROUP, "wr-group", True)


def test_a_bots_direct_chat_is_the_persons_and_a_quote_is_told():
    quote = {"msgtype": "text", "text": {"content": "before"}}
    given = bot_message(URL, chattype="single", chatid="", quote=quote)
    ((message,),) = bot_payloads.events(json.dumps(given).encode())
    assert (message.chat_kind, message.chat_id, message.quoted_text) == (Chat.Kind.DIRECT, "ann", "before")


def test_what_is_no_message_is_passed_over():
    assert payloads.events(app_message(MsgType="event").encode(), corp_id=CORP_ID, agent_id=AGENT_ID) == []
    for kind in ("event", "stream"):
        assert bot_payloads.events(json.dumps(bot_message(URL, msgtype=kind)).encode()) == []


def test_no_payload_of_a_bot_breaks_the_translation():
    item = {"msgtype": "image", "image": {"url": "https://x.y/z"}}
    quote = {"msgtype": "text", "text": {"content": "before"}}
    payloads = mutations(bot_message(URL, msgtype="mixed", mixed={"msg_item": [item]}, quote=quote))
    assert survived(bot_payloads.events, [json.dumps(payload).encode() for payload in payloads]) > 0


def test_no_payload_of_an_app_breaks_the_translation():
    names = ("ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId", "AgentID", "MediaId")
    given = product(names, map(str, STRANGE), ("text", "image", "location"))
    plain = [
        app_message(**{"MsgType": kind, "MediaId": "M", name: strange}).encode(errors="replace")
        for name, strange, kind in given
    ]
    assert survived(partial(payloads.events, corp_id=CORP_ID, agent_id=AGENT_ID), plain) > 0


def test_wecoms_own_sample_is_opened(monkeypatch):
    """From the sample code of "Encryption and decryption of callbacks"."""
    monkeypatch.setattr(time, "time", lambda: 1409659589)
    key = base64.b64decode("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C=")
    codec = Codec(token="QDG6eK", key=key, receiver="wx5823bf96d3bd56c7")
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    query = {"timestamp": "1409659589", "nonce": "263014780"}
    signature = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert codec.open({**query, "msg_signature": signature}, echo) == b"1616140317555161061"


def test_xml_declares_nothing():
    for hostile in (b'<!DOCTYPE x [<!ENTITY a "b">]><x><a>&a;</a></x>', b"<!DOCTYPE x><x/>", b"<x>&lol;</x>"):
        with pytest.raises(PayloadError):
            xml.fields(hostile)
    assert xml.fields(b"<x><a>1<b>no</b>2</a><a>3</a></x>") == {"a": "123"}
