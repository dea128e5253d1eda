"""The adapter with the real SDK against a gateway and an API that speak the wire."""

import asyncio
import json

from asgiref.sync import async_to_sync

from apps.chats.models import Attachment, Chat, Message
from apps.chats.workspace.folders import workspace
from apps.platforms.adapters.dingtalk.adapter import DingTalkAdapter
from apps.platforms.base import Batch, Identity
from tests.platforms.adapters.dingtalk.support import ACCESS, PNG, database, inbound, online
from tests.platforms.support import send
from tests.waiting import until


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


@database
def test_a_picture_lies_in_the_groups_folder(ding, listeners, chat):
    ding.files["dc1"] = PNG
    online(listeners)
    ding.say(msgtype="picture", content={"downloadCode": "dc1"})
    attachment = until(lambda: Attachment.objects.filter(state="ready").first())
    assert (workspace(chat.group) / attachment.path).read_bytes() == PNG


@database
def test_a_file_that_is_gone_becomes_a_placeholder(ding, listeners, chat):
    online(listeners)
    ding.say(msgtype="file", content={"downloadCode": "gone", "fileName": "a.pdf"})
    assert "answered 404" in until(lambda: Attachment.objects.filter(state="failed").first()).error
