"""WhatsApp's notifications: which are believed."""

import pytest
from pywa.utils import webhook_updates_validator

from apps.chats.models import Channel, Chat, Incident, Message
from tests.fakes.whatsapp_api import ANN, APP_SECRET, CREDENTIALS, message, notification, signed, value
from tests.platforms.adapters.whatsapp.support import tell
from tests.platforms.hooks import ask, assert_refused, call
from tests.platforms.support import registered_chat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


@pytest.fixture
def channel() -> Channel:
    return Channel.objects.create(platform="whatsapp", name="bot", credentials=CREDENTIALS)


@pytest.fixture
def chat(channel: Channel) -> Chat:
    return registered_chat(channel, ANN)


def test_a_new_number_that_is_no_text_is_refused_and_told(channel, chat):
    moved = message(type="system", system={"wa_id": "\ud800", "type": "user_changed_number"})
    assert tell(channel, value(moved)).status_code == 400
    assert "could not be dealt with" in Incident.objects.get().sentence


def test_the_handshake(channel):
    query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
    answer = ask(channel, f"{query}fake-verify-token")
    assert (answer.status_code, answer.content) == (200, b"1158201444")
    assert_refused(ask(channel, f"{query}wrong"), 403)
    assert_refused(ask(channel), 403)


@pytest.mark.parametrize("headers", [{}, {"X-Hub-Signature-256": ""}, {"X-Hub-Signature-256": "sha256=ü"}])
def test_without_its_signature_nothing_is_taken(chat, headers):
    assert_refused(call(chat.channel, notification(value(message())), headers=headers), 401)


def test_another_secret_or_another_body_is_refused(chat):
    assert_refused(tell(chat.channel, value(message()), secret="other"), 401)
    signature = signed(notification(value(message(1))))
    assert_refused(call(chat.channel, notification(value(message(2))), headers=signature), 401)


def test_the_librarys_own_check_agrees():
    body = notification(value(message())).encode()
    assert webhook_updates_validator(APP_SECRET, body, signed(body)["X-Hub-Signature-256"])


def test_what_is_for_another_number_is_not_ours(chat):
    assert tell(chat.channel, value(message(), phone_id="777")).status_code == 200
    assert not Message.objects.exists()


def test_a_second_delivery_changes_nothing(chat):
    body = notification(value(message()))
    answers = [call(chat.channel, body, headers=signed(body)).status_code for _ in range(3)]
    tell(chat.channel, value(message(), message(2)))  # in another batch

    assert answers == [200, 200, 200]
    assert Message.objects.count() == 2


def test_too_large_or_senseless_bodies_are_refused(chat, settings):
    for body in ("", "{", "[]", "null", '{"object": "page"}', "[" * 20000):
        assert_refused(call(chat.channel, body, headers=signed(body)), 400)
    settings.WEBHOOK_LIMIT = 1024
    assert_refused(tell(chat.channel, value(message(text="x" * 2000))), 413)
