"""DingTalk's Stream mode: the real SDK against a gateway and an API that speak the wire."""

import asyncio
import json

import pytest
from asgiref.sync import async_to_sync

from apps.chats.models import Chat, Message
from apps.platforms.adapters.dingtalk.adapter import DingTalkAdapter
from apps.platforms.base import Batch, Identity
from tests.fakes.dingtalk_api import CLIENT_ID, Answer, DingTalkApi
from tests.platforms.adapters.dingtalk.support import (
    ACCESS,
    DIRECT_SEND,
    GROUP_SEND,
    database,
    inbound,
    online,
    session,
    with_context,
)
from tests.platforms.support import outbound, registered_chat, send
from tests.waiting import until

# The journey.


@database
def test_a_message_becomes_a_row_and_an_answer_goes_into_its_session(ding, listeners, chat):
    online(listeners)
    message_id = ding.say(" hello")
    row = inbound()
    assert (row.text, row.external_id, row.sender_name, row.calls_agent) == ("hello", message_id, "Ann", True)
    send(chat, "**Hi** Ann\nhow are you?")
    ding.wait_for(lambda: ding.in_session)
    assert ding.in_session == [{"title": "Hi Ann\nhow are you?", "text": "**Hi** Ann  \nhow are you?"}]
    assert not ding.calls_of(ACCESS)


@database
def test_a_group_is_discovered_by_its_title(ding, listeners, chat):
    online(listeners)
    ding.say("hello", conversationId="cidother", conversationTitle="Others")
    assert until(lambda: Chat.objects.discovered().filter(external_id="cidother", title="Others").first())


@database
def test_each_message_is_acknowledged_once_it_is_kept(ding, chat, quick):
    async def story():
        adapter = DingTalkAdapter(chat.channel)
        events = adapter.listen()
        try:
            assert isinstance(await anext(events), Identity)
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0.05)
            await asyncio.to_thread(ding.say, "hello")
            batch = await waiting
            assert isinstance(batch, Batch)
            await asyncio.sleep(0.2)
            before = list(ding.acks)
            await anext(events)  # resumed after the commit
            await asyncio.sleep(0.1)
            return before
        finally:
            await events.aclose()
            await adapter.close()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left

    assert async_to_sync(story)() == []
    (ack,) = ding.wait_for(lambda: ding.acks)
    assert (ack["code"], json.loads(ack["data"])) == (200, {"response": "OK"})


@database
def test_the_same_message_twice_is_one_and_our_own_is_none(ding, listeners, chat):
    online(listeners)
    ding.say("mine", senderId="$:bot")
    ding.say("one", msgId="same")
    ding.say("one", msgId="same")
    ding.say("two")
    until(lambda: Message.objects.filter(text="two").exists())
    assert list(Message.objects.order_by("pk").values_list("text", flat=True)) == ["one", "two"]
    ding.wait_for(lambda: len(ding.acks) == 4)


@database
def test_a_flood_is_kept_in_order(ding, listeners, chat):
    online(listeners)
    for number in range(200):
        ding.say(f"message {number}")
    until(lambda: Message.objects.inbound().count() == 200)
    texts = Message.objects.order_by("pk").values_list("text", flat=True)
    assert list(texts) == [f"message {number}" for number in range(200)]


# Out: sessions, and what comes after them.


@database
@pytest.mark.parametrize("minutes", [-1, 0.2])
def test_after_the_session_the_openapi_is_used(ding, listeners, chat, minutes):
    with_context(chat, **session(ding, minutes))
    send(chat, "Hi")
    listeners.start()
    (call,) = ding.wait_for(lambda: ding.calls_of(GROUP_SEND))
    content = {"title": "Hi", "text": "Hi"}
    assert json.loads(call.body.pop("msgParam")) == content
    assert call.body == {"robotCode": CLIENT_ID, "openConversationId": "cidgroup", "msgKey": "sampleMarkdown"}
    assert until(lambda: Message.objects.outbound().get().external_parts) == ["q1"]
    assert not ding.in_session


@database
def test_a_person_is_written_to_by_id(ding, listeners, chat):
    direct = registered_chat(chat.channel, "ciddirect")
    online(listeners)
    ding.say("hello", group=False, sessionWebhookExpiredTime=1)
    until(lambda: Message.objects.inbound().filter(chat=direct, calls_agent=True).exists())
    send(direct, "Hi")
    (call,) = ding.wait_for(lambda: ding.calls_of(DIRECT_SEND))
    assert call.body["userIds"] == ["staff42"]


@database
def test_a_person_without_an_id_can_only_be_answered_at_once(ding, listeners, chat):
    with_context(chat, session="", session_ends="", user="", kind="direct")
    send(chat, "Hi")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert "only a fresh message" in Message.objects.outbound().get().error


@database
def test_a_session_that_refuses_is_replaced_by_the_openapi(ding, listeners, chat):
    with_context(chat, **session(ding))
    ding.fail("/robot/sendBySession", Answer(body={"errcode": 300001, "errmsg": "session is over"}))
    send(chat, "Hi")
    listeners.start()
    assert ding.wait_for(lambda: ding.calls_of(GROUP_SEND))


@database
def test_a_session_that_leads_elsewhere_is_not_used(ding, listeners, chat):
    with DingTalkApi() as stranger:
        with_context(chat, **{**session(ding), "session": stranger.session})
        send(chat, "Hi")
        listeners.start()
        assert ding.wait_for(lambda: ding.calls_of(GROUP_SEND))
        assert not stranger.calls


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
def test_a_long_text_arrives_in_order(ding, listeners, chat):
    with_context(chat, **session(ding))
    send(chat, "a" * 4000 + "b")
    listeners.start()
    ding.wait_for(lambda: len(ding.in_session) == 2)
    assert [each["text"] for each in ding.in_session] == ["a" * 4000, "b"]


@database
@pytest.mark.parametrize(
    "answer",
    [
        Answer(429, {}, (("Retry-After", "1"),)),
        Answer(403, {"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"}, (("Retry-After", "1"),)),
    ],
)
def test_rate_limited_waits_as_told(ding, listeners, chat, answer):
    ding.fail(GROUP_SEND, answer)
    send(chat, "Hi")
    listeners.start()
    refused, taken = ding.wait_for(lambda: len(ding.calls_of(GROUP_SEND)) == 2 and ding.calls_of(GROUP_SEND))
    assert taken.at - refused.at >= 0.9


@database
def test_a_refusal_fails_the_message_and_lets_the_next_pass(ding, listeners, chat):
    ding.fail(GROUP_SEND, Answer(400, {"code": "robot.not.in.group", "message": "the robot is not in the group"}))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    failed = Message.objects.get(text="one")
    assert (failed.delivery, failed.attempts) == ("failed", 1)
    assert "not in the group" in failed.error


@database
@pytest.mark.parametrize("trouble", [Answer(500, b"oops"), Answer(200, b"<html>"), Answer(200, b"[]")])
def test_trouble_is_tried_again(ding, listeners, chat, trouble):
    ding.fail(GROUP_SEND, trouble)
    send(chat, "Hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert Message.objects.outbound().get().attempts == 2
