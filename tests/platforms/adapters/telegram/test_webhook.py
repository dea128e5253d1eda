"""By webhook."""

import json
import time
from datetime import timedelta

import pytest
from django.test import Client

from apps.chats import services
from apps.chats.models import Channel, Message
from tests.fakes.telegram_api import Failure
from tests.platforms.adapters.telegram.support import RECORDED
from tests.platforms.support import detail, registered_chat, status, telegram_channel
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_by_webhook_a_message_comes_in_and_an_answer_goes_out(api, listeners, redis_server):
    chat = registered_chat(telegram_channel(api, options={"api_base": api.url, "mode": "webhook"}))
    listeners.start()
    assert api.wait_for(lambda: bool(api.calls_of("setWebhook")))
    hook = api.calls_of("setWebhook")[0].parameters
    until(lambda: Channel.objects.get(name="bot").identity.get("username") == "my_bot")

    path = hook["url"].partition("://")[2].partition("/")[2]
    said = {**RECORDED["message"], "date": int(time.time()), "photo": []}
    secret = {"X-Telegram-Bot-Api-Secret-Token": hook["secret_token"]}
    answer = Client().post(
        f"/{path}", json.dumps({"update_id": 1, "message": said}), "application/json", headers=secret
    )

    assert answer.status_code == 200
    assert Message.objects.get().calls_agent
    services.send_message(chat, text="hello")
    assert api.wait_for_sent(1)[0].text == "hello"
    assert not api.calls_of("getUpdates")


def test_a_webhook_that_telegram_does_not_take_is_said_and_not_tried_again(api, listeners):
    api.keep_failing("setWebhook", Failure(400, "Bad Request: bad webhook: An HTTPS URL must be provided"))
    telegram_channel(api, options={"api_base": api.url, "mode": "webhook"})
    listeners.start()

    until(lambda: status() == "failed")
    assert "https" in detail()


def test_by_webhook_a_token_that_was_revoked_is_found_though_nobody_writes(api, listeners, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1
    telegram_channel(api, options={"api_base": api.url, "mode": "webhook"})
    listeners.start()
    until(lambda: status() == "online")
    api.tokens.clear()

    until(lambda: status() == "failed")
    assert "does not accept the bot's token" in detail()


def test_by_webhook_that_all_is_well_is_no_event_of_the_channel(api, listeners, settings, monkeypatch):
    settings.CHANNEL_STALL_TIMEOUT = 3
    monkeypatch.setattr("apps.chats.models.channel.EVENT_STEP", timedelta(0))
    telegram_channel(api, options={"api_base": api.url, "mode": "webhook"})
    listeners.start()
    at = until(lambda: Channel.objects.get(name="bot").last_event_at)
    assert api.wait_for(lambda: len(api.calls_of("setWebhook")) >= 3)
    assert Channel.objects.get(name="bot").last_event_at == at
