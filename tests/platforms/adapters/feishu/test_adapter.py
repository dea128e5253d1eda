"""The adapter with a Feishu that speaks the wire, and with the real listeners."""

import asyncio
import json
import logging
import subprocess
import sys
import time

import pytest
from asgiref.sync import async_to_sync

from apps.agents.models import Run
from apps.chats.models import Attachment, Chat, Message
from apps.chats.workspace.folders import workspace
from apps.platforms.adapters.feishu.adapter import FeishuAdapter
from apps.platforms.base import Batch, Identity
from apps.platforms.inbound import intake
from tests.fakes.feishu_api import ANN, BOT, BOT_MENTION, SECRET
from tests.platforms.adapters.feishu.support import inbound_one, reconnects
from tests.platforms.support import lost, send, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_becomes_a_row_and_an_answer_hangs_on_it(api, listeners, chat):
    listeners.start()
    message_id = api.say("@Andy hello")
    message = inbound_one()
    assert (message.text, message.external_id, message.sender_name) == ("@Andy hello", message_id, "Ann")
    assert message.calls_agent
    send(chat, "Hi Ann", reply_to=message_id)
    (sent,) = api.wait_for_sent(1)
    assert (sent.name, sent.target, sent.text, sent.body["msg_type"]) == ("reply", message_id, "Hi Ann", "text")
    assert sent.body["reply_in_thread"] is False
    assert until(lambda: Message.objects.outbound().get().external_parts) == [sent.message_id]


def test_a_direct_message_is_told_apart_and_titled_by_who_writes(api, listeners, chat):
    listeners.start()
    api.say("hello", chat_id="oc_ann", chat_type="p2p")
    discovered = until(lambda: Chat.objects.filter(external_id="oc_ann").first())
    assert (discovered.kind, discovered.title) == ("direct", "Ann")


def test_a_mention_of_the_bot_calls_and_one_of_somebody_else_does_not(api, listeners, chat):
    chat.group.unaddressed = "remember"
    chat.group.save()
    listeners.start()
    other = {"key": "@_user_1", "id": {"open_id": "ou_bob"}, "name": "Bob"}
    api.say("@_user_1 look", mentions=[other])
    api.say("@_user_1 look @_all", mentions=[BOT_MENTION])
    until(lambda: Message.objects.inbound().count() == 2)
    assert [(row.text, row.calls_agent) for row in Message.objects.order_by("pk")] == [
        ("@Bob look", False),
        ("@Andy look @all", True),
    ]


def test_own_messages_are_passed_over_and_other_bots_do_not_call(api, listeners, chat):
    listeners.start()
    api.say("@Andy me", sender={"sender_id": {"open_id": BOT}, "sender_type": "app"})
    api.say("@Andy robot", sender={"sender_id": {"open_id": "ou_robot"}, "sender_type": "app"})
    api.say("@Andy person")
    until(lambda: Message.objects.filter(text="@Andy person").exists())
    assert not Message.objects.filter(text="@Andy me").exists()
    assert not Message.objects.filter(text="@Andy robot", calls_agent=True).exists()


def test_nothing_is_acknowledged_before_it_is_stored(api, listeners, chat, monkeypatch):
    stored = []
    take = intake.take

    def slow(channel, event):
        time.sleep(0.3)
        take(channel, event)
        stored.append(time.monotonic())

    monkeypatch.setattr(intake, "take", slow)
    listeners.start()
    api.say("@Andy hello")
    assert api.wait_for(lambda: bool(api.acknowledged))
    assert api.acknowledged[0]["payload"] == {"code": 200}
    assert api.acknowledged[0]["at"] >= stored[-1]


def test_what_was_not_acknowledged_comes_again_and_makes_one_row(api, listeners, chat, quick):
    listeners.start()
    until(lambda: status() == "online")
    api.is_deaf = True
    api.say("@Andy hello")
    inbound_one()
    until(lost)
    api.is_deaf = False
    assert api.wait_for(lambda: bool(api.acknowledged))
    assert Message.objects.count() == Run.objects.count() == 1


def test_an_image_lies_in_the_groups_folder(api, listeners, chat):
    api.resources["img_1"] = b"\x89PNG and so on"
    listeners.start()
    mentioned = {"mentions": [BOT_MENTION], "message_type": "post"}
    paragraph = [{"tag": "at", "user_id": "@_user_1"}, {"tag": "text", "text": " look"}]
    content = {"title": "Mine", "content": [paragraph, [{"tag": "img", "image_key": "img_1"}]]}
    message_id = api.say(**mentioned, content=json.dumps(content))
    until(Run.objects.first)
    attachment = Attachment.objects.get()
    assert (workspace(chat.group) / attachment.path).read_bytes() == b"\x89PNG and so on"
    assert Message.objects.get().text == "Mine\n@Andy look\n[image]"
    call = api.calls_of("resource")[0]
    assert (call.target, call.query) == (message_id, {"type": "image"})


def test_a_file_that_is_gone_is_a_placeholder_with_the_reason(api, listeners, chat):
    chat.group.engage = "always"
    chat.group.save()
    listeners.start()
    api.say(message_type="file", content=json.dumps({"file_key": "gone", "file_name": "plan.pdf"}))
    until(Run.objects.first)
    attachment = Attachment.objects.get()
    assert (attachment.state, attachment.name) == ("failed", "plan.pdf")
    assert Message.objects.get().text == "[file: plan.pdf]"


def test_the_senders_id_is_its_own(api, listeners, chat):
    listeners.start()
    api.say("@Andy hi")
    assert inbound_one().sender.external_id == ANN


def test_what_arrived_together_is_stored_together_and_acknowledged_afterwards(api, chat):
    async def story():
        adapter = FeishuAdapter(chat.channel)
        events = adapter.listen()
        try:
            assert isinstance(await anext(events), Identity)
            for number in range(3):
                await asyncio.to_thread(api.say, f"message {number}")
            for _ in range(4):
                await asyncio.sleep(0.05)
            while not isinstance(batch := await anext(events), Batch):
                pass  # a ping was answered
            return batch, list(api.acknowledged)
        finally:
            await events.aclose()
            await adapter.close()

    batch, acknowledged = async_to_sync(story)()
    assert [message.text for message in batch] == ["message 0", "message 1", "message 2"]
    assert acknowledged == []


def test_neither_the_secret_nor_the_ticket_nor_words_are_logged(api, listeners, chat, caplog, capfd):
    caplog.set_level(logging.INFO)
    listeners.start()
    api.say("@Andy a private word")
    inbound_one()
    api.cut()
    until(lambda: reconnects() == 1)
    listeners.stop()
    told = caplog.text + "".join(capfd.readouterr())
    for secret in (SECRET, "ticket-of", "t-lent", "private word"):
        assert secret not in told


def test_neither_the_web_process_nor_a_webhooks_adapter_loads_the_sdk():
    program = (
        "import os, django, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup();"
        "import apps.platforms.registry, apps.platforms.adapters.feishu.check, apps.platforms.adapters.feishu.webhook;"
        "import apps.platforms.adapters.feishu.adapter; sys.exit('lark_oapi' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
