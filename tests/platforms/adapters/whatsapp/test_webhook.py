"""WhatsApp's notifications: what they mean, and which are believed."""

import json

import pytest
from pywa.utils import webhook_updates_validator

from apps.chats.models import Channel, Incident, Message, Platform
from apps.platforms.adapters.whatsapp.payloads import events
from apps.platforms.base import Batch
from tests.fakes.whatsapp_api import (
    ANN,
    APP_SECRET,
    CREDENTIALS,
    NUMBER,
    PHONE_ID,
    message,
    notification,
    signed,
    value,
)
from tests.platforms.fuzz import mutations, survived
from tests.platforms.hooks import ask, assert_refused, call
from tests.platforms.support import registered_chat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


@pytest.fixture
def channel():
    return Channel.objects.create(platform=Platform.WHATSAPP, name="bot", credentials=CREDENTIALS)


@pytest.fixture
def chat(channel):
    return registered_chat(channel, ANN)


def tell(channel, *values, secret=APP_SECRET):
    body = notification(*values)
    return call(channel, body, headers=signed(body, secret))


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({"type": "button", "button": {"text": "Yes"}}, "text", "Yes"),
        ({"type": "interactive", "interactive": {"list_reply": {"title": "Two"}}}, "text", "Two"),
        ({"type": "location", "location": {"latitude": 1.5, "longitude": 2.5}}, "other", "[location: 1.5, 2.5]"),
        ({"type": "contacts", "contacts": [{}]}, "other", "[contacts]"),
        ({"type": "unsupported"}, "other", "[unsupported]"),
        ({"type": "image", "image": {"id": "M1", "caption": "look"}}, "image", "look\n[photo]"),
        ({"type": "audio", "audio": {"id": "M1", "voice": True}}, "voice", "[voice message]"),
        ({"type": "document", "document": {"id": "M1", "filename": "a.pdf"}}, "file", "[file: a.pdf]"),
        ({"type": "sticker", "sticker": {"id": "M1"}}, "sticker", "[sticker]"),
    ],
)
def test_each_kind_of_message(given, kind, text):
    (batch,) = events(notification(value(message(**given))).encode(), PHONE_ID)
    assert isinstance(batch, Batch)
    assert (batch[0].kind, batch[0].text) == (kind, text)


def test_what_is_no_message_of_somebody_else_is_passed_over():
    own = {**message(), "from": NUMBER}
    assert events(notification(value(own)).encode(), PHONE_ID) == []


@pytest.mark.parametrize(("emoji", "words"), [("👍", "[reacted with 👍]"), ("", "[took back a reaction]")])
def test_a_reaction_is_read_later_and_calls_nobody(emoji, words):
    given = message(type="reaction", reaction={"message_id": "wamid.OUT1", "emoji": emoji})
    [batch] = events(notification(value(given)).encode(), PHONE_ID)
    assert isinstance(batch, Batch)
    [reaction] = batch
    assert (reaction.text, reaction.reply_to, reaction.is_reaction) == (words, "wamid.OUT1", True)
    assert "message_id" not in reaction.context


# The webhook.


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


def test_no_payload_breaks_the_translation():
    image = message(2, type="image", image={"id": "M1", "mime_type": "image/png"}, context={"from": "1", "id": "2"})
    failed = {"id": "wamid.O", "status": "failed", "errors": [{"title": "no", "error_data": {"details": "why"}}]}
    recorded = json.loads(notification(value(message(), image, statuses=[failed])))
    bodies = [json.dumps(payload).encode() for payload in mutations(recorded)]
    assert survived(lambda body: events(body, PHONE_ID), bodies) > 0
