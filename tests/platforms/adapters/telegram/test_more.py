"""Telegram beyond texts: by webhook, drafts, reactions, rates, hostile payloads, and the test of the connection."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats import services
from apps.chats.models import Channel, Message
from apps.events import hooks
from apps.platforms.adapters.telegram.payloads import Me, event, update_from
from apps.platforms.admin.channels import checked
from apps.platforms.base import Rate
from apps.platforms.models import Draft
from apps.platforms.outbound.rates import Bucket
from tests.fakes.telegram_api import Failure
from tests.platforms.fuzz import mutations, survived
from tests.platforms.support import detail, registered_chat, send, status, telegram_channel
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

RECORDED: dict[str, Any] = {
    "update_id": 5,
    "message": {
        "message_id": 7,
        "date": 1700000000,
        "chat": {"id": -1001, "type": "supergroup", "title": "Team", "is_forum": True},
        "from": {"id": 42, "is_bot": False, "first_name": "Ann", "username": "ann"},
        "message_thread_id": 3,
        "is_topic_message": True,
        "media_group_id": "g",
        "caption": "@my_bot look",
        "caption_entities": [{"type": "mention", "offset": 0, "length": 7}],
        "photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 2, "file_size": 3}],
        "reply_to_message": {
            "message_id": 6, "date": 1700000000, "chat": {"id": -1001, "type": "supergroup"}, "text": "before",
            "from": {"id": 1, "is_bot": True, "first_name": "Andy"},
        },
        "quote": {"text": "be", "position": 0},
    },
}  # fmt: skip


# By webhook.


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


def test_polling_takes_a_former_webhook_away(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    assert api.calls_of("deleteWebhook")


# While the agent works.


@pytest.fixture
def streamed(api, listeners, fresh_redis, monkeypatch):
    """A running run in a chat whose channel shows answers while they are written."""
    from apps.platforms.adapters.telegram.adapter import TelegramAdapter
    from apps.platforms.status import draft_publisher

    monkeypatch.setattr(TelegramAdapter, "edit_every", 0.1)
    monkeypatch.setattr(draft_publisher, "EVERY", 0)
    options = {"api_base": api.url, "stream": "yes", "ack_reaction": "👀"}
    chat = registered_chat(telegram_channel(api, options=options))
    assert chat.group
    listeners.start()
    until(lambda: status() == "online")
    Message.objects.create(chat=chat, direction="in", external_id="55", text="@Andy go", calls_agent=True)
    run = Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", status="running")
    return Run.objects.select_related("session__group", "chat__channel").get(pk=run.pk)


def test_an_answer_is_shown_while_it_is_written_and_then_replaced(api, streamed):
    hooks.run_delta.fire(run=streamed, text="Hel")
    draft = api.wait_for_sent(1)[0]
    hooks.run_delta.fire(run=streamed, text="lo <internal>secret</internal>there")
    assert api.wait_for(lambda: any(call.text == "Hello there" for call in api.calls_of("editMessageText")))
    Message.objects.inbound().update(run=streamed)
    Run.objects.update(status="succeeded")
    final = send(streamed.chat, "Hello **there** again", run_id=streamed.pk)

    until(lambda: Message.objects.get(pk=final.pk).delivery == "sent")
    assert api.calls_of("editMessageText")[-1].text == "Hello <b>there</b> again"
    assert Message.objects.get(pk=final.pk).external_parts == [str(draft.message_id)]
    assert len(api.sent) == 1
    assert not Draft.objects.exists()
    assert json.loads(draft.parameters["reply_parameters"])["message_id"] == 55


def test_a_draft_that_somebody_deleted_is_made_up_for_by_a_new_message(api, streamed):
    hooks.run_delta.fire(run=streamed, text="Hel")
    api.wait_for_sent(1)
    until(Draft.objects.exists)
    api.keep_failing("editMessageText", Failure(400, "Bad Request: message to edit not found"))
    Run.objects.update(status="succeeded")
    services.send_message(streamed.chat, text="Hello", run_id=streamed.pk)

    assert [call.text for call in api.wait_for_sent(2)] == ["Hel", "Hello"]


def test_without_the_option_nothing_is_shown_before_its_end(api, streamed):
    Channel.objects.update(options={"api_base": api.url})
    hooks.run_delta.fire(run=Run.objects.select_related("chat__channel").get(), text="Hel")

    time.sleep(0.3)
    assert not api.sent


def test_the_message_with_which_the_agent_begins_gets_its_reaction(api, streamed):
    announce(streamed)

    assert api.wait_for(lambda: bool(api.calls_of("setMessageReaction")))
    reaction = api.calls_of("setMessageReaction")[0].parameters
    assert (reaction["message_id"], "👀" in json.loads(reaction["reaction"])[0]["emoji"]) == ("55", True)


# Rates.


def test_a_bucket_lets_its_count_through_at_once_and_the_rest_in_step():
    now = [100.0]
    bucket = Bucket(Rate(3, 6), clock=lambda: now[0])

    assert [bucket.delay() for _ in range(5)] == [0, 0, 0, 2, 4]
    now[0] += 100
    assert bucket.delay() == 0


# Hostile payloads.


def test_no_payload_breaks_the_translation():
    assert survived(translation, [json.dumps(payload).encode() for payload in mutations(RECORDED)]) > 0


def translation(body):
    return event(update_from(body), Me(1, "my_bot"))


def test_the_recorded_one_is_a_message():
    (message,) = translation(json.dumps(RECORDED).encode())
    assert (message.album, message.mentions_bot, message.quoted_text) == ("g", True, "be")
    assert message.attachments[0].source == {"file_id": "a"}


# Test connection.


def test_the_connection_is_tested(api):
    assert checked(telegram_channel(api)) == (
        True,
        "The token works: the bot is @my_bot. In groups it sees only what mentions or answers it.",
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"credentials": {"token": "1:wrong"}}, "does not accept the bot's token"),
        ({"credentials": {}}, "is missing or empty"),
        ({"options": {"api_base": "http://127.0.0.1:1"}}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said(api, fields, sentence):
    worked, said = checked(telegram_channel(api, **fields))
    assert not worked
    assert sentence in said
    assert "wrong" not in said or "1:wrong" not in said


# The menu of commands.


def test_telegrams_menu_shows_the_commands_that_everybody_may_use(api, listeners):
    telegram_channel(api)
    listeners.start()
    assert api.wait_for(lambda: bool(api.calls_of("setMyCommands")))
    offered = [each["command"] for each in json.loads(api.calls_of("setMyCommands")[0].parameters["commands"])]
    assert offered == ["help", "new", "status", "stop", "tasks", "usage"]


def test_a_menu_that_telegram_refuses_keeps_nobody_from_listening(api, listeners):
    api.keep_failing("setMyCommands", Failure(429, "Too Many Requests: retry after 30"))
    telegram_channel(api)
    listeners.start()
    until(lambda: status() == "online")
    assert api.wait_for(lambda: api.calls_of("getUpdates"))
    assert api.calls_of("setMyCommands")


def test_an_update_that_the_library_cannot_read_holds_up_nobody(api, listeners, chat, caplog):
    api.push({"message": {"message_id": 5, "text": "between us", "chat": {"id": -1001, "type": "supergroup"}}})
    api.say("@Andy hello", chat_id=-1001)
    listeners.start()
    message = until(lambda: Message.objects.inbound().first())
    assert message.text == "@Andy hello"
    assert "between us" not in caplog.text
    assert len(api.calls_of("setMyCommands")) == 1  # the connection stood all the time
