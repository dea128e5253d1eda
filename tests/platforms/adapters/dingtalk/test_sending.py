"""Texts and files on their way to DingTalk."""

import io
import json
import zipfile

import pytest

from apps.chats.models import Attachment, Message
from apps.chats.workspace.folders import workspace
from tests.fakes.dingtalk_api import CLIENT_ID, Answer, DingTalkApi
from tests.platforms.adapters.dingtalk.support import (
    DIRECT_SEND,
    GROUP_SEND,
    PNG,
    database,
    online,
    session,
    with_context,
)
from tests.platforms.support import outbound, registered_chat, send
from tests.waiting import until


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
def test_a_long_text_arrives_in_order(ding, listeners, chat):
    with_context(chat, **session(ding))
    send(chat, "a" * 4000 + "b")
    listeners.start()
    ding.wait_for(lambda: len(ding.in_session) == 2)
    assert [each["text"] for each in ding.in_session] == ["a" * 4000, "b"]


@database
def test_images_and_files_go_out_and_odd_ones_in_a_zip(ding, listeners, chat):
    (workspace(chat.group) / "a.png").write_bytes(PNG)
    (workspace(chat.group) / "b.html").write_bytes(b"<p>")
    row = send(chat, "Look", kind="image")
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
