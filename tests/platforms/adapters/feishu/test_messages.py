"""What people write in Feishu: the SDK's client, a gateway that speaks its frames, and the real listeners."""

import json
import time

import pytest

from apps.agents.models import Run
from apps.chats.models import Attachment, Chat, Message
from apps.chats.workspace.folders import workspace
from apps.platforms.inbound import intake
from tests.fakes.feishu_api import ANN, APP_ID, BOT, BOT_MENTION, Failure
from tests.fakes.stand_in import Hang
from tests.platforms.adapters.feishu.support import inbound_one
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


def test_an_answer_to_the_bot_calls_it_with_the_words_that_are_answered(api, listeners, chat):
    said = {"sender": {"id": APP_ID, "id_type": "app_id", "sender_type": "app"}, "msg_type": "text"}
    api.messages["om_ours"] = {**said, "body": {"content": json.dumps({"text": "what I said"})}}
    listeners.start()
    api.say("and then?", parent_id="om_ours", root_id="om_ours")
    message = inbound_one()
    assert (message.calls_agent, message.reply_to, message.quoted_text) == (True, "om_ours", "what I said")
    assert message.thread_id == ""


def test_an_answer_to_somebody_else_does_not_call(api, listeners, chat):
    chat.group.unaddressed = "remember"
    chat.group.save()
    api.messages["om_bobs"] = {"sender": {"id": "ou_bob"}, "msg_type": "text", "body": {"content": '{"text": "x"}'}}
    listeners.start()
    api.say("and then?", parent_id="om_bobs", root_id="om_bobs")
    assert not inbound_one().calls_agent


def test_a_thread_is_answered_where_it_was_asked(api, listeners, chat):
    listeners.start()
    first = api.say("@Andy a topic", thread_id="omt_1")
    second = api.say("@Andy more", thread_id="omt_1", root_id=first, parent_id=first)
    until(lambda: Message.objects.filter(thread_id=first).count() == 2)
    send(chat, "in the thread", thread_id=first)
    send(chat, "to the second", thread_id=first, reply_to=second)
    calls = api.wait_for_sent(2)
    assert [(call.target, call.body["reply_in_thread"]) for call in calls] == [(first, True), (second, True)]


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


def test_an_event_in_parts_is_put_together(api, listeners, chat):
    listeners.start()
    api.say(f"@Andy {'long ' * 500}", parts=3)
    assert len(inbound_one().text) > 2000


def test_unknown_events_and_garbage_hold_up_nobody_and_are_acknowledged(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.throw(b"\xff\xfe no frame")
    api.throw("text")
    api.push(b"no json")
    api.push({"schema": "2.0", "header": {"event_type": "im.message.reaction.created_v1"}, "event": {}})
    api.say("@Andy hello", content="[]")
    api.say("@Andy hello")
    assert inbound_one().text == "@Andy hello"
    assert api.wait_for(lambda: len(api.acknowledged) == 4)
    assert status() == "online"


def test_names_that_nobody_tells_stay_empty_and_delay_nothing(api, listeners, chat):
    api.keep_failing("user", Failure(99991672, "Access denied. contact:contact.base:readonly"))
    api.keep_failing("chat", Hang(300))
    listeners.start()
    until(lambda: status() == "online")
    began = time.monotonic()
    for number in range(20):
        api.say(f"@Andy {number}")
    until(lambda: Message.objects.inbound().count() == 20)
    assert time.monotonic() - began < 15  # half of what it would take if each had to wait for its names
    assert not Message.objects.exclude(sender_name="").exists()
    assert len(api.calls_of("user")) == 1


def test_names_are_asked_for_once(api, listeners, chat):
    listeners.start()
    for number in range(5):
        api.say(f"@Andy {number}")
    until(lambda: Message.objects.filter(sender_name="Ann").count() == 5)
    assert len(api.calls_of("user")) == len(api.calls_of("chat")) == 1
    chat.refresh_from_db()
    assert chat.title == "Team"


# Files.


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
