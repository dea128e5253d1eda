"""What a platform says by webhook, through the real view; Telegram's stands for all."""

import json
import time

import pytest
from django.db import OperationalError
from django.test import Client

from apps.agents.models import Run
from apps.chats.models import Channel, Incident, Message
from apps.platforms.adapters.telegram.webhook import secret
from apps.platforms.inbound import intake
from tests.fakes.telegram_api import TOKEN
from tests.platforms.hooks import ask, assert_refused, call
from tests.platforms.support import registered_chat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
def channel():
    channel = Channel.objects.create(
        platform="telegram", name="hooked", credentials={"token": TOKEN}, options={"mode": "webhook"}
    )
    registered_chat(channel)
    return channel


def update(number=1, text="@Andy hello", **message):
    chat = {"id": -1001, "type": "supergroup", "title": "Team"}
    ann = {"id": 42, "is_bot": False, "first_name": "Ann"}
    said = {"message_id": number, "date": int(time.time()), "chat": chat, "from": ann, "text": text, **message}
    return json.dumps({"update_id": number, "message": said})


def signed(channel):
    return {HEADER: secret(channel)}


def test_a_message_is_stored_before_it_is_answered(channel):
    assert call(channel, update(), headers=signed(channel)).status_code == 200

    assert Message.objects.get().text == "@Andy hello"
    assert Run.objects.get().status == "queued"
    channel.refresh_from_db()
    assert channel.last_event_at


@pytest.mark.parametrize("headers", [{}, {HEADER: ""}, {HEADER: "x" * 64}, {HEADER: "ü"}])
def test_a_missing_or_wrong_secret_is_refused(channel, headers):
    assert_refused(call(channel, update(), headers=headers), 401)


def test_another_channels_secret_is_refused(channel):
    other = Channel.objects.create(platform="telegram", name="other", credentials={"token": "1:other"})

    assert_refused(call(channel, update(), headers=signed(other)), 401)


def test_a_second_delivery_is_answered_alike_and_changes_nothing(channel):
    answers = [call(channel, update(), headers=signed(channel)).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert Message.objects.count() == Run.objects.count() == 1


def test_what_could_not_be_stored_may_come_again(channel, monkeypatch):
    def away(*_):
        raise OperationalError("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(intake, "take", away)
        assert call(channel, update(), headers=signed(channel)).status_code == 503
    assert call(channel, update(), headers=signed(channel)).status_code == 200
    assert Message.objects.count() == 1


def test_nobody_answers_for_a_channel_that_is_not_there(channel):
    disabled = Channel.objects.create(platform="telegram", name="off", enabled=False, credentials={"token": "1:x"})
    web = Channel.objects.create(platform="web", name="page")

    for path in (
        f"telegram/{channel.pk + 100}",
        f"slack/{channel.pk}",
        f"telegram/{disabled.pk}",
        f"web/{web.pk}",
        f"telegram/{2**80}",
        f"nothing/{channel.pk}",
    ):
        assert (
            Client().post(f"/hooks/{path}/", update(), "application/json", headers=signed(channel)).status_code == 404
        )
    assert not Message.objects.exists()


def test_other_methods_are_not_expected(channel):
    assert Client().put(f"/hooks/telegram/{channel.pk}/", "{}").status_code == 405
    assert ask(channel, headers=signed(channel)).status_code == 400


def test_too_large_a_body_is_refused_unread(channel, settings):
    settings.WEBHOOK_LIMIT = 1024

    assert_refused(call(channel, update(text="x" * 2000), headers=signed(channel)), 413)


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '{"update_id": "x"}', '{"update_id": 1, "message": 7}', b"\xff"]
)
def test_a_body_that_makes_no_sense_is_refused_and_told(channel, body):
    assert_refused(call(channel, body, headers=signed(channel)), 400)
    assert "could not be read" in Incident.objects.get().sentence


def test_repeated_refusals_become_one_incident(channel):
    for _ in range(7):
        call(channel, update(), headers={})

    assert Incident.objects.get().sentence.startswith("Requests are refused again and again")


def test_a_channel_without_its_credential_accepts_nothing(channel):
    Channel.objects.update(credentials={})

    assert call(channel, update(), headers=signed(channel := _with_token(channel))).status_code == 503
    assert not Message.objects.exists()


def _with_token(channel):
    channel.credentials = {"token": TOKEN}
    return channel


@pytest.mark.parametrize(("language", "said"), [("en", "is missing or empty"), ("zh-hans", "缺失或为空")])
def test_what_a_webhook_tells_the_operator_is_in_it_whatever_the_caller_speaks(settings, language, said):
    settings.LANGUAGE_CODE = language
    channel = Channel.objects.create(platform="whatsapp", name="bot", credentials={})
    callers = "en" if language == "zh-hans" else "zh-hans"
    assert call(channel, "{}", headers={"Accept-Language": callers}).status_code == 503
    assert said in Incident.objects.get().sentence
