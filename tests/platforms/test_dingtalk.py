"""DingTalk's Stream mode: the real SDK against a gateway and an API that speak the wire."""

import asyncio
import io
import json
import logging
import re
import time
import zipfile
from functools import partial

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from apps.chats.models import Attachment, Channel, Chat, Incident, Message, Platform
from apps.chats.workspaces import workspace
from apps.platforms import rendering
from apps.platforms.base import Batch, Identity, PlatformError
from apps.platforms.dingtalk import payloads
from apps.platforms.dingtalk.adapter import DingTalkAdapter
from apps.platforms.dingtalk.check import check
from apps.platforms.dingtalk.dialect import DingTalk, lined
from tests.fakes.dingtalk_api import CLIENT_ID, SECRET, TOKEN, Answer, DingTalkApi, Hang, message
from tests.platforms.conftest import detail, outbound, registered_chat, send, status, until
from tests.platforms.fuzz import mutations, survives

database = pytest.mark.django_db(transaction=True)
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500
GROUP_SEND, DIRECT_SEND = "/v1.0/robot/groupMessages/send", "/v1.0/robot/oToMessages/batchSend"
OPEN, ACCESS = "/v1.0/gateway/connections/open", "/v1.0/oauth2/accessToken"


@pytest.fixture
def ding():
    with DingTalkApi() as server:
        yield server


@pytest.fixture(autouse=True)
def quick(settings, tmp_path_factory):
    settings.CHANNEL_HEARTBEAT = 0.3
    settings.CHANNEL_STALL_TIMEOUT = 2
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


def channel(ding, **credentials):
    known = {"client_id": CLIENT_ID, "client_secret": SECRET, **credentials}
    options = {"api_base": ding.url}
    return Channel.objects.create(platform=Platform.DINGTALK, name="bot", credentials=known, options=options)


@pytest.fixture
def chat(ding, transactional_db):
    return registered_chat(channel(ding), "cidgroup")


def session(ding, minutes=60.0):
    ends = int((time.time() + minutes * 60) * 1000)
    return {"session": ding.session, "session_ends": str(ends), "user": "", "kind": "group"}


def with_context(chat, **context):
    chat.context = context
    chat.save()
    return chat


def online(listeners):
    listeners.start()
    until(lambda: status() == "online")


def inbound():
    return until(lambda: Message.objects.inbound().first())


def kept():
    return Channel.objects.get(name="bot")


def read(**fields):
    return payloads.inbound({**message("m1", " hello ", "https://oapi.dingtalk.com/x"), **fields})


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
def test_each_message_is_acknowledged_once_it_is_kept(ding, chat):
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
    (ack,) = ding.acks
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


# The connection.


@database
def test_a_wrong_secret_is_permanent_asked_once_and_shown_nowhere(ding, listeners, chat, caplog):
    caplog.set_level(logging.DEBUG)
    ding.secret = "another"
    listeners.start()
    until(lambda: status() == "failed")
    assert "does not accept the client id and secret" in until(Incident.objects.first).sentence
    time.sleep(0.5)
    assert len(ding.calls_of(OPEN)) == 1
    assert SECRET not in caplog.text + detail()


@database
def test_nothing_secret_is_logged_while_all_goes_well(ding, listeners, chat, caplog):
    caplog.set_level(logging.INFO)
    online(listeners)
    ding.say("hello")
    inbound()
    (workspace(chat.group) / "a.png").write_bytes(PNG)
    with transaction.atomic():  # the outbox sees the message with its files, or not yet
        row = send(chat, "Hi")
        Attachment.objects.create(message=row, kind="image", name="a.png", mime="image/png", path="a.png")
    until(lambda: outbound("sent") == 1)
    assert ding.in_session
    assert ding.calls_of("/media/upload")
    assert not re.search(f"{SECRET}|{TOKEN}|tick|session=", caplog.text)


@database
@pytest.mark.parametrize("trouble", [Answer(503, b""), Answer(200, b"{}"), Answer(200, b"no json"), Hang(3)])
def test_a_gateway_in_trouble_is_asked_again(ding, listeners, chat, trouble):
    ding.fail(OPEN, trouble)
    listeners.start()
    until(lambda: status() == "retrying", seconds=5)
    until(lambda: status() == "online", seconds=5)


@database
def test_a_network_cut_is_survived_both_ways(ding, listeners, chat):
    online(listeners)
    ding.stop()
    until(lambda: status() == "retrying")
    send(chat, "while you were away")
    ding.start()
    assert ding.wait_for(lambda: ding.calls_of(GROUP_SEND))
    ding.say("back?")
    assert inbound()


@database
def test_pings_are_answered_and_a_disconnect_brings_a_new_ticket(ding, listeners, chat):
    online(listeners)
    ding.push("SYSTEM", "ping", json.dumps({"opaque": "x"}))
    (ack,) = ding.wait_for(lambda: ding.acks)
    assert json.loads(ack["data"]) == {"opaque": "x"}
    ding.push("SYSTEM", "disconnect", json.dumps({"reason": "maintenance"}))
    ding.wait_for(lambda: len(ding.calls_of(OPEN)) == 2)
    until(lambda: status() == "online")


@database
def test_a_stream_that_is_half_dead_is_found(ding, listeners, chat):
    ding.answers_pings = False
    online(listeners)
    until(lambda: "does not answer any more" in detail(), seconds=2)
    ding.answers_pings = True
    until(lambda: status() == "online")


@database
def test_garbage_is_passed_over_and_acknowledged_where_it_can_be(ding, listeners, chat):
    online(listeners)
    for frame in ("]]", "[]", "null", "{}", '{"type": "CALLBACK"}', '{"type": "CALLBACK", "headers": 7}', "[" * 5000):
        ding.push_raw(frame)
    ding.deliver("no json")
    ding.deliver([1])
    ding.deliver({"msgId": 7})
    ding.say("hello")
    assert inbound().text == "hello"
    ding.wait_for(lambda: len([ack for ack in ding.acks if "messageId" in ack["headers"]]) == 4)
    assert kept().reconnects == 0


# Files.


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


@database
def test_images_and_files_go_out_and_odd_ones_in_a_zip(ding, listeners, chat):
    (workspace(chat.group) / "a.png").write_bytes(PNG)
    (workspace(chat.group) / "b.html").write_bytes(b"<p>")
    row = send(chat, "Look")
    Attachment.objects.create(message=row, kind="image", name="a.png", mime="image/png", path="a.png")
    Attachment.objects.create(message=row, kind="file", name="b.html", mime="text/html", path="b.html")
    listeners.start()
    image, file, words = ding.wait_for(lambda: len(ding.calls_of(GROUP_SEND)) == 3 and ding.calls_of(GROUP_SEND))
    assert (image.body["msgKey"], json.loads(image.body["msgParam"])) == ("sampleImageMsg", {"photoURL": "@media1"})
    sent = {"mediaId": "@media1", "fileName": "b.html.zip", "fileType": "zip"}
    assert (file.body["msgKey"], json.loads(file.body["msgParam"])) == ("sampleFile", sent)
    assert json.loads(words.body["msgParam"])["text"] == "Look"
    picture, packed = (call.body for call in ding.calls_of("/media/upload"))
    assert PNG in picture
    assert zipfile.ZipFile(io.BytesIO(packed[packed.index(b"PK\x03\x04") :])).read("b.html") == b"<p>"


# Payloads.


def test_a_message_in_the_products_words():
    found = read()
    assert (found.text, found.chat_id, found.chat_title) == ("hello", "cidgroup", "Team")
    assert (found.sender_id, found.mentions_bot) == ("staff42", True)
    assert not read(isInAtList=False).mentions_bot
    assert read(senderStaffId=None).sender_id == "$:ann"
    assert abs((found.sent_at - timezone.now()).total_seconds()) < 5


def test_a_reply_to_the_bot_calls_and_brings_its_words():
    replied = {"msgId": "m0", "msgType": "text", "senderId": "$:bot", "content": {"text": "my words"}}
    found = read(isInAtList=False, text={"content": "and?", "isReplyMsg": True, "repliedMsg": replied})
    assert (found.reply_to, found.quoted_text, found.mentions_bot) == ("m0", "my words", True)


@pytest.mark.parametrize(
    ("kind", "content", "words", "what", "files"),
    [
        ("picture", {"downloadCode": "d"}, "[image]", "image", 1),
        ("audio", {"downloadCode": "d", "recognition": "good day"}, "good day\n[voice message]", "voice", 1),
        ("video", '{"downloadCode": "d"}', "[video]", "video", 1),
        ("file", {"downloadCode": "d", "fileName": "a.pdf"}, "[file: a.pdf]", "file", 1),
        (
            "richText",
            {"richText": [{"text": "see "}, {"type": "picture", "downloadCode": "d"}]},
            "see [image]",
            "image",
            1,
        ),
        ("future", {"x": 1}, "[future]", "other", 0),
        ("picture", None, "[image]", "image", 0),
    ],
)
def test_each_kind_of_message_has_words(kind, content, words, what, files):
    found = read(msgtype=kind, content=content)
    assert (found.text, found.kind, len(found.attachments)) == (words, what, files)


HOSTILE = {
    **message("m1", "hello", "https://oapi.dingtalk.com/x"),
    "text": {"content": "and?", "repliedMsg": {"msgId": "m0", "msgType": "text", "content": {"text": "x"}}},
}
RICH = {
    **HOSTILE,
    "msgtype": "richText",
    "content": {"richText": [{"text": "a"}, {"downloadCode": "d", "fileSize": 1}]},
}


@pytest.mark.parametrize("payload", [HOSTILE, RICH])
def test_no_payload_breaks_the_translation(payload):
    for mutated in mutations(payload):
        survives(partial(payloads.inbound, mutated))


# The dialect.


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**b** *i* ~~s~~ `c`", "**b** *i* ~~s~~ `c`"),
        ("# Head", "# Head"),
        ("[docs](https://x.y)", "[docs](https://x.y)"),
        ("[docs](/relative)", "docs (/relative)"),
        ("> one\n> two", "> one  \n> two"),
        ("- a\n- b\n  - c", "• a  \n• b  \n\u00a0\u00a0• c"),
        ("one\ntwo\n\nthree", "one  \ntwo\n\nthree"),
        ("```py\nif x:\n    y\n```", "```py\nif x:\n    y\n```"),
        ("````\n```\n  a\n  b\n```\n````", "````\n```\n  a\n  b\n```\n````"),
    ],
)
def test_dingtalks_markdown(markdown, written):
    (part,) = rendering.parts(markdown, "dingtalk")
    assert lined(part.text) == written


@pytest.mark.parametrize("limit", [60, 200])
def test_no_part_is_longer_than_the_limit(limit):
    text = (
        "# Head\n\n" + "word **bold** [l](https://x.y/z)\nnext\n" * 30 + "```py\n" + "x = 1\n" * 40 + "```\n\n> quote"
    )
    parts = rendering.render(text, DingTalk(limit))
    assert len(parts) > 5
    assert max(len(lined(part.text)) for part in parts) <= limit


# Test connection.


@database
def test_the_check_says_that_all_is_well(ding, chat):
    assert f"the robot is {CLIENT_ID}" in async_to_sync(check)(chat.channel)


@database
def test_the_check_says_what_is_wrong(ding, chat):
    ding.secret = "another"
    with pytest.raises(PlatformError, match="does not accept the client id and secret") as refused:
        async_to_sync(check)(chat.channel)
    assert SECRET not in str(refused.value)
    ding.stop()
    with pytest.raises(PlatformError, match="cannot be reached"):
        async_to_sync(check)(chat.channel)
