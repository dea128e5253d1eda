"""QQ by OneBot v11, forward, against an implementation that speaks the wire."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from apps.chats.models import Attachment, Chat, Message
from apps.chats.workspace.folders import workspace
from tests.fakes.qq_onebot import HANG, SELF_ID, at, text
from tests.platforms.adapters.qq.support import PNG, channel, database, image, inbound, kept, online, recorded
from tests.platforms.support import registered_chat, send, status
from tests.waiting import until


@database
def test_a_message_becomes_a_row_and_an_answer_is_delivered_as_plain_text(bot, listeners, chat):
    online(listeners)
    message_id = bot.say([at(), text(" hello")])
    message = inbound()
    assert (message.text, message.sender_name, message.calls_agent) == ("hello", "Ann", True)
    send(chat, "**Hi** [CQ:at,qq=all] Ann", reply_to=message.external_id)
    (sent,) = bot.wait_for_sent(1)
    reply = {"type": "reply", "data": {"id": str(message_id)}}
    assert sent == {"group_id": 777, "message": [reply, text("Hi [CQ:at,qq=all] Ann")]}
    assert until(lambda: Message.objects.outbound().get().external_parts) == ["901"]


@database
def test_a_direct_message_is_answered_in_private(bot, listeners, chat):
    direct = registered_chat(chat.channel, "user_42")
    online(listeners)
    bot.say("hello", group=0, sub_type="friend")
    assert inbound().chat == direct
    send(direct, "Hi")
    assert bot.wait_for_sent(1)[0] == {"user_id": 42, "message": [text("Hi")]}


@database
def test_a_group_is_discovered_by_its_name(bot, listeners, chat):
    online(listeners)
    bot.say("hello", group=888)
    assert until(lambda: Chat.objects.discovered().filter(external_id="group_888", title="Team").first())
    assert not Message.objects.exists()


@database
def test_a_reply_to_the_bot_calls_the_agent_and_one_to_another_does_not(bot, listeners, chat):
    bot.messages[901] = recorded([text("my words")], message_id=901, sender={"user_id": SELF_ID, "nickname": "Bot"})
    online(listeners)
    other = bot.say("among us")
    bot.say([{"type": "reply", "data": {"id": str(other)}}, text("yes")])
    bot.say([{"type": "reply", "data": {"id": "901"}}, text("and you?")])
    message = until(lambda: Message.objects.filter(calls_agent=True).first())
    assert (message.text, message.quoted_text, message.quoted_sender) == ("and you?", "my words", "Bot")
    assert Message.objects.filter(text="yes", calls_agent=False, quoted_text="among us").exists()


@database
def test_quotations_that_are_not_to_be_had_hold_nobody_up(bot, listeners, chat, settings):
    settings.CHANNEL_STALL_TIMEOUT = 20
    online(listeners)
    bot.fail("get_msg", *[HANG] * 10)
    began = time.monotonic()
    for number in range(10):
        bot.say([{"type": "reply", "data": {"id": "901"}}, text(f"message {number}")])
    until(lambda: Message.objects.inbound().count() == 10)
    assert time.monotonic() - began < 15  # half of what it would take one after the other
    texts = Message.objects.order_by("pk").values_list("text", flat=True)
    assert list(texts) == [f"message {number}" for number in range(10)]
    assert (status(), kept().reconnects) == ("online", 0)
    assert len(bot.calls_of("get_group_info")) == 1


@database
def test_the_same_message_twice_is_one_and_our_own_is_none(bot, listeners, chat):
    online(listeners)
    bot.say("@Andy mine", user_id=SELF_ID)
    bot.say("@Andy echo", post_type="message_sent")
    bot.say("@Andy one", message_id=7, time=1700000000)
    bot.say("@Andy one", message_id=7, time=1700000000)
    bot.say("@Andy two")
    until(lambda: Message.objects.filter(text="@Andy two").exists())
    assert list(Message.objects.order_by("pk").values_list("text", flat=True)) == ["@Andy one", "@Andy two"]


@database
def test_a_long_text_goes_in_parts_of_which_only_the_first_replies(bot, listeners, chat):
    send(chat, "a" * 3000 + "b", reply_to="5.1")
    listeners.start()
    first, second = bot.wait_for_sent(2)
    assert [segment["type"] for segment in first["message"]] == ["reply", "text"]
    assert second["message"] == [text("b")]


# Files.


@pytest.fixture
def file_server():
    class Files(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/a.png" else 404)
            self.end_headers()
            self.wfile.write(PNG if self.path == "/a.png" else b"")

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@database
def test_an_image_lies_in_the_groups_folder(bot, listeners, file_server):
    chat = registered_chat(channel(bot.url, api_base=file_server), "group_777")
    online(listeners)
    bot.say([at(), text(" what is this? "), image(f"{file_server}/a.png")])
    attachment = until(lambda: Attachment.objects.filter(state="ready").first())
    assert chat.group
    assert (workspace(chat.group) / attachment.path).read_bytes() == PNG
    assert (inbound().text, attachment.kind) == ("what is this? [image]", "image")


@database
def test_a_file_of_a_group_is_asked_for_by_its_id(bot, listeners, file_server):
    registered_chat(channel(bot.url, api_base=file_server), "group_777")
    online(listeners)
    data = {"file": "notes.png", "file_id": f"{file_server}/a.png", "file_size": "508"}
    bot.say([at(), {"type": "file", "data": data}])
    attachment = until(lambda: Attachment.objects.filter(state="ready", name="notes.png").first())
    assert attachment.size == len(PNG)
    assert bot.calls_of("get_group_file_url")[0]["params"]["file_id"] == data["file_id"]


@database
def test_an_address_in_our_own_network_is_not_asked(bot, listeners, chat, file_server):
    online(listeners)
    bot.say([at(), image(f"{file_server}/a.png")])
    assert "private network" in until(lambda: Attachment.objects.filter(state="failed").first()).error


@database
def test_images_and_files_go_out_as_bytes(bot, listeners, chat):
    (workspace(chat.group) / "a.png").write_bytes(PNG)
    (workspace(chat.group) / "b.txt").write_bytes(b"text")
    message = send(chat, "Look", kind="image")
    Attachment.objects.create(message=message, kind="image", name="a.png", mime="image/png", path="a.png")
    Attachment.objects.create(message=message, kind="file", name="b.txt", mime="text/plain", path="b.txt")
    listeners.start()
    picture, words = bot.wait_for_sent(2)
    assert picture["message"][0]["data"]["file"].startswith("base64://iVBORw0KGg")
    assert words["message"] == [text("Look")]
    (upload,) = bot.calls_of("upload_group_file")
    assert upload["params"] == {"group_id": 777, "file": "base64://dGV4dA==", "name": "b.txt"}
