"""By webhook, through the real view: encrypted, signed, with its token; everything else is refused."""

import json
import time
from typing import Any

import pytest

from apps.agents.models import Run
from apps.chats.models import Channel, Chat, Incident, Message
from apps.platforms.adapters.feishu.adapter import FeishuAdapter
from apps.platforms.base import PlatformError
from tests.fakes.feishu_api import APP_ID, BOT, BOT_MENTION, SECRET, FeishuApi, event
from tests.platforms.adapters.feishu.support import CREDENTIALS, KEY, PRESS, deliver, hooked, sealed, signed
from tests.platforms.fuzz import mutations
from tests.platforms.hooks import ask, assert_refused, call
from tests.platforms.support import detail, registered_chat, send, status
from tests.waiting import until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


@pytest.fixture
def channel() -> Channel:
    return hooked()


def challenge(**fields: Any) -> dict[str, Any]:
    return {"type": "url_verification", "challenge": "say this", "token": "verify-me", **fields}


def test_the_sdk_reads_what_these_tests_seal_and_sign():
    from lark_oapi import EventDispatcherHandler
    from lark_oapi.core.model import RawRequest

    heard: list[Any] = []
    builder = EventDispatcherHandler.builder(KEY, "verify-me")
    handler = builder.register_p2_im_message_receive_v1(heard.append).build()
    request = RawRequest()
    request.uri, request.body = "/", sealed(event("hello")).encode()
    request.headers = signed(request.body.decode())
    assert handler.do(request).status_code == 200
    assert heard[0].event.message.message_id == "om_1"


def test_a_handshake_is_answered_unsigned(channel):
    answer = call(channel, sealed(challenge()))
    assert (answer.status_code, answer.json()) == (200, {"challenge": "say this"})
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("token", ["wrong", "", None, 7, ["verify-me"], "vérify-me", "\ud800"])
def test_a_handshake_with_a_wrong_token_is_refused(channel, token):
    assert_refused(call(channel, sealed(challenge(token=token))), 401)


def test_a_plain_handshake_is_refused(channel):
    assert_refused(call(channel, json.dumps(challenge())), 401)


def test_a_message_is_stored_before_it_is_answered(channel):
    answer = deliver(channel, event("@_user_1 hello", mentions=[BOT_MENTION]))
    assert answer.status_code == 200
    message = Message.objects.get()
    assert (message.text, message.external_id, message.calls_agent) == ("@Andy hello", "om_1", True)
    assert Run.objects.get().status == "queued"


def test_a_channel_with_a_long_connection_refuses_without_a_word_of_its_credentials():
    long = hooked(credentials={"app_id": APP_ID, "app_secret": SECRET})
    assert_refused(call(long, "{}"), 403)
    assert not Incident.objects.exists()


def test_a_plain_event_is_refused_even_when_it_is_signed(channel):
    body = json.dumps(event("@Andy hello"))
    assert_refused(call(channel, body, headers=signed(body)), 401)


def test_a_missing_signature_is_refused(channel):
    assert_refused(call(channel, sealed(event("@Andy hello"))), 401)


@pytest.mark.parametrize("name", ["X-Lark-Request-Timestamp", "X-Lark-Request-Nonce", "X-Lark-Signature"])
@pytest.mark.parametrize("value", ["", "x", "0" * 64, "ü"])
def test_a_wrong_signature_is_refused(channel, name, value):
    body = sealed(event("@Andy hello"))
    assert_refused(call(channel, body, headers={**signed(body), name: value}), 401)


def test_a_changed_body_and_anothers_key_are_refused(channel):
    body = sealed(event("@Andy hello"))
    assert_refused(call(channel, f"{body} ", headers=signed(body)), 401)
    assert_refused(call(channel, body, headers=signed(body, key="other")), 401)
    other = sealed(event("@Andy hello"), key="other")
    assert_refused(call(channel, other, headers=signed(other)), 401)


@pytest.mark.parametrize("seconds", [-400, 400])
def test_an_old_or_future_time_is_refused(channel, seconds):
    assert_refused(deliver(channel, event("@Andy hello"), at=int(time.time()) + seconds), 403)


def test_another_apps_event_and_a_wrong_token_are_refused(channel):
    assert_refused(deliver(channel, event("@Andy hello", app_id="cli_other")), 403)
    stranger = event("@Andy hello")
    stranger["header"]["token"] = "wrong"
    assert_refused(deliver(channel, stranger), 401)
    del stranger["header"]["app_id"]
    stranger["header"]["token"] = "verify-me"
    assert_refused(deliver(channel, stranger), 403)


def test_a_second_delivery_changes_nothing(channel):
    answers = [deliver(channel, event("@Andy hello")).status_code for _ in range(3)]
    assert answers == [200, 200, 200]
    assert Message.objects.count() == Run.objects.count() == 1


def test_an_event_of_another_kind_is_taken_and_changes_nothing(channel):
    other = event()
    other["header"]["event_type"] = "im.chat.member.user.added_v1"
    assert deliver(channel, other).status_code == 200
    assert not Message.objects.exists()


@pytest.mark.parametrize("missing", ["encrypt_key", "verification_token", "app_secret", "app_id"])
def test_without_a_credential_nothing_is_accepted(missing):
    channel = hooked(credentials={**CREDENTIALS, missing: ""})
    expected = 200 if missing == "app_secret" else 503  # the secret plays no part in what comes in
    assert deliver(channel, event("@Andy hello")).status_code == expected


@pytest.mark.parametrize("missing", ["encrypt_key", "verification_token"])
def test_the_listeners_say_that_a_key_is_missing(missing):
    from apps.chats.models.channel import CredentialError

    with pytest.raises(CredentialError, match=missing):
        FeishuAdapter(hooked(credentials={**CREDENTIALS, missing: ""}))


def test_an_unknown_mode_is_said():
    with pytest.raises(PlatformError, match="long or webhook") as refused:
        FeishuAdapter(hooked(credentials={**CREDENTIALS, "mode": "both"}))
    assert refused.value.permanent


def test_a_channel_with_a_long_connection_takes_no_webhook():
    channel = hooked(credentials={**CREDENTIALS, "mode": "long"})
    assert deliver(channel, event("@Andy hello")).status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b'{"encrypt": 7}', b'{"encrypt": "%%%"}',
     b'{"encrypt": ""}', b'{"encrypt": "AAAA"}', b'{"encrypt": "AAAAAAAAAAAAAAAAAAAAAA=="}'],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(channel, body):
    assert_refused(call(channel, body))


def test_too_large_a_body_is_refused(channel, settings):
    settings.WEBHOOK_LIMIT = 1024
    assert_refused(deliver(channel, event("x" * 2000)), 413)


def test_get_is_refused(channel):
    assert_refused(ask(channel), 400)


def test_no_sealed_and_signed_payload_breaks_it(channel):
    payloads = mutations(event("@_user_1 hi", mentions=[BOT_MENTION], parent_id="om_0", root_id="om_0"), random_ones=20)
    for number, payload in enumerate(payloads[::25]):
        assert deliver(channel, payload).status_code in (200, 400, 401, 403), number


@pytest.mark.django_db(transaction=True)
def test_by_webhook_the_listeners_say_who_we_are_and_send_without_the_sdk(listeners, settings):
    with FeishuApi() as api:
        channel = hooked(identity={}, options={"api_base": api.url})
        listeners.start()
        until(lambda: Channel.objects.get(pk=channel.pk).identity.get("id") == BOT)
        channel.refresh_from_db()
        assert deliver(channel, event("@_user_1 hi", mentions=[BOT_MENTION])).status_code == 200
        assert Message.objects.get().calls_agent
        send(registered_chat(channel, "oc_other"), "hello")
        assert api.wait_for_sent(1)[0].text == "hello"
        assert status() == "online"
        assert not api.calls_of("endpoint")
        listeners.stop()


@pytest.mark.django_db(transaction=True)
def test_an_app_that_is_withdrawn_is_noticed_though_nobody_writes(listeners, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1
    with FeishuApi() as api:
        hooked(options={"api_base": api.url})
        listeners.start()
        until(lambda: status() == "online")
        api.apps.clear()
        api.expire_tokens()
        until(lambda: status() == "failed")
        assert "app ID or its secret" in detail()
        listeners.stop()


def test_a_pressed_button_answers_its_question(channel):
    from tests.platforms.support import answered
    from tests.platforms.support import ask as asks

    question = asks(Chat.objects.get(channel=channel))
    pressed = {**PRESS["event"], "action": {"tag": "button", "value": {"answer": question.token(1)}}}
    header = {**PRESS["header"], "app_id": APP_ID, "token": "verify-me"}

    answer = deliver(channel, {**PRESS, "header": header, "event": pressed})

    assert (answer.status_code, answer.json()) == (200, {})
    assert answered(question) == "Dark blue"
