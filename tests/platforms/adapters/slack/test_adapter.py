"""The adapter with the real SDK against a Slack that speaks the wire, and with the real listeners."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from apps.agents.models import Run
from apps.chats.models import Channel, Chat, Message
from tests.fakes.slack_api import APP_TOKEN, SlackApi
from tests.platforms.adapters.slack.support import slack_channel
from tests.platforms.support import registered_chat, send, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_mention_becomes_a_row_and_a_run_and_an_answer_is_delivered(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    ts = api.say("hi <@UBOT> &amp; all, see <https://x.y|docs>")
    message = until(lambda: Message.objects.inbound().first())
    assert (message.text, message.external_id) == ("hi @andy & all, see docs (https://x.y)", ts)
    assert (message.sender_name, message.calls_agent, message.thread_id) == ("Ann Lee", True, "")
    assert Run.objects.exists()
    assert Chat.objects.get(external_id="C1").title == "general"

    send(chat, "**Hi** Ann, 1 < 2")
    (sent,) = api.wait_for_sent(1)
    assert (sent.text, sent.parameters["channel"]) == ("*Hi* Ann, 1 &lt; 2", "C1")
    assert "thread_ts" not in sent.parameters
    assert until(lambda: Message.objects.outbound().get().external_parts) == [sent.ts]


def test_with_the_option_a_mention_opens_a_thread(api, listeners):
    registered_chat(slack_channel(api, options={"threads": "yes"}), "C1")
    listeners.start()
    until(lambda: status() == "online")
    ts = api.say("<@UBOT> hello")
    api.say("just talk")
    until(lambda: Message.objects.inbound().count() == 2)
    assert list(Message.objects.order_by("pk").values_list("thread_id", flat=True)) == [ts, ""]


def test_a_direct_message_calls_without_a_mention(api, listeners, chat):
    registered_chat(chat.channel, "D1")
    listeners.start()
    until(lambda: status() == "online")
    api.say("hello", channel="D1", channel_type="im")
    assert until(lambda: Message.objects.inbound().first()).calls_agent
    assert Chat.objects.get(external_id="D1").title == "Ann Lee"


def test_a_mention_that_comes_as_two_events_is_one_message(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    ts = api.say("<@UBOT> hello")
    api.say("<@UBOT> hello", kind="app_mention", ts=ts)
    assert api.wait_for(lambda: len(api.acknowledged) == 2)
    assert Message.objects.get().calls_agent
    assert Run.objects.count() == 1


def test_our_own_message_is_none_and_another_bots_calls_nobody(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.say("me", user="UBOT", bot_id="BBOT")
    api.say("<@UBOT> I am a bot", user="UOTHER", bot_id="BOTHER", bot_profile={"name": "Jenkins"})
    assert api.wait_for(lambda: len(api.acknowledged) == 2)
    message = Message.objects.get()
    assert (message.sender_name, message.calls_agent) == ("Jenkins", False)


def test_an_envelope_is_acknowledged_only_after_its_message_is_stored(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.say("hello")
    assert api.wait_for(lambda: api.acknowledged)
    assert next(iter(api.acknowledged.values())) >= Message.objects.get().created_at.timestamp()


def test_what_is_not_acknowledged_comes_again_and_is_kept_once(api, listeners, chat, monkeypatch):
    from apps.platforms.adapters.slack.adapter import SlackAdapter

    monkeypatch.setattr(SlackAdapter, "_acknowledge", _fails_once(SlackAdapter._acknowledge))
    listeners.start()
    until(lambda: status() == "online")
    api.say("<@UBOT> hello")
    assert api.wait_for(lambda: api.acknowledged)
    assert Message.objects.count() == Run.objects.count() == 1


def _fails_once(real: Callable[..., Any]) -> Callable[..., Any]:
    failures = [ConnectionResetError("the network went away")]

    async def acknowledge(adapter, envelopes):
        if envelopes and failures:
            raise failures.pop()
        await real(adapter, envelopes)

    return acknowledge


def test_many_at_once_are_kept_in_order(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    for number in range(200):
        api.say(f"message {number}")
    until(lambda: Message.objects.inbound().count() == 200)
    assert [row.text for row in Message.objects.order_by("pk")] == [f"message {number}" for number in range(200)]
    assert api.wait_for(lambda: len(api.acknowledged) == 200)


def test_an_adapter_closes_twice_and_before_it_listens(api):
    from apps.platforms.adapters.slack.adapter import SlackAdapter

    async def close_twice():
        adapter = SlackAdapter(slack_channel_of_memory(api))
        await adapter.close()
        events = adapter.listen()
        await anext(events)
        await adapter.close()
        await adapter.close()
        await events.aclose()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(close_twice())


def slack_channel_of_memory(api: SlackApi) -> Channel:
    from apps.chats.models import Channel
    from tests.fakes.slack_api import BOT_TOKEN

    tokens = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN}
    return Channel(platform="slack", name="bot", credentials=tokens, options={"api_base": api.url})
