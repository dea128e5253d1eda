"""QQ by OneBot v11, both ways, against an implementation that speaks the wire."""

import json
import logging
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asgiref.sync import async_to_sync
from websockets.protocol import State

from apps.chats.models import Attachment, Channel, Chat, Incident, Message, Platform
from apps.chats.workspaces import workspace
from apps.platforms import rendering
from apps.platforms.base import PlatformError
from apps.platforms.qq import payloads
from apps.platforms.qq.check import check
from apps.platforms.qq.payloads import Me, Quoted
from apps.platforms.qq.segments import segments
from tests.fakes.qq_onebot import HANG, SELF_ID, TOKEN, OneBot, at, text
from tests.platforms.conftest import detail, outbound, registered_chat, send, status, until
from tests.platforms.fuzz import mutations, survives

database = pytest.mark.django_db(transaction=True)
ME = Me(str(SELF_ID), "Bot")
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500


@pytest.fixture
def bot():
    with OneBot() as implementation:
        yield implementation


@pytest.fixture(autouse=True)
def quick(settings, tmp_path_factory):
    settings.CHANNEL_HEARTBEAT = 0.3
    settings.CHANNEL_STALL_TIMEOUT = 2
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


def channel(url, mode="forward", token=TOKEN, **options):
    credentials = {"mode": mode, "ws_url": url, "access_token": token}
    return Channel.objects.create(platform=Platform.QQ, name="bot", credentials=credentials, options=options)


@pytest.fixture
def chat(bot, transactional_db):
    return registered_chat(channel(bot.url), "group_777")


@pytest.fixture
def reverse_url():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"ws://127.0.0.1:{free.getsockname()[1]}/onebot/"


@pytest.fixture
def reverse_chat(reverse_url, transactional_db):
    return registered_chat(channel(reverse_url, mode="reverse"), "group_777")


def online(listeners):
    listeners.start()
    until(lambda: status() == "online")


def kept():
    return Channel.objects.get(name="bot")


def inbound():
    return until(lambda: Message.objects.inbound().first())


def recorded(message, **fields):
    base = {"time": 1700000000, "self_id": SELF_ID, "post_type": "message", "message_type": "group", "group_id": 777}
    sender = {"user_id": 42, "nickname": "Ann", "card": "Annie", "role": "member"}
    whole = {**base, "sub_type": "normal", "message_id": -555, "user_id": 42, "anonymous": None, "sender": sender}
    return {**whole, "message": message, "raw_message": "…", "font": 0, **fields}


def read(message, **fields):
    return payloads.inbound(recorded(message, **fields), ME)


# The journey.


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
    settings.CHANNEL_STALL_TIMEOUT = 3
    online(listeners)
    bot.fail("get_msg", *[HANG] * 10)
    for number in range(10):
        bot.say([{"type": "reply", "data": {"id": "901"}}, text(f"message {number}")])
    until(lambda: Message.objects.inbound().count() == 10, seconds=6)
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


# Reverse.


@database
def test_they_connect_to_us_and_both_directions_work(bot, listeners, reverse_url, reverse_chat):
    listeners.start()
    bot.dial_until(reverse_url)
    until(lambda: status() == "online")
    bot.say("@Andy hello")
    assert inbound().text == "@Andy hello"
    send(reverse_chat, "Hi")
    assert bot.wait_for_sent(1)[0] == {"group_id": 777, "message": [text("Hi")]}
    assert kept().identity == {"id": str(SELF_ID), "name": "Bot"}


@database
def test_who_connects_must_hold_the_token_and_say_who_it_is(bot, listeners, reverse_url, reverse_chat):
    listeners.start()
    bot.dial_until(reverse_url)
    assert bot.refusal(reverse_url, token="") == 401
    assert bot.refusal(reverse_url, token="wrong") == 403
    assert bot.refusal(f"{reverse_url}?access_token=wrong", token="") == 403
    assert bot.refusal(f"{reverse_url}?access_token={TOKEN}", token="") == 101
    assert bot.refusal(reverse_url, token="", Authorization=f"Token {TOKEN}") == 101
    assert bot.refusal(f"{reverse_url}elsewhere") == 404
    assert bot.refusal(reverse_url, self_id="") == 400
    assert bot.refusal(reverse_url, **{"X-Client-Role": "API"}) == 400
    assert bot.refusal(reverse_url, self_id=20002) == 409


@database
def test_the_newer_connection_wins_and_the_older_ones_end_changes_nothing(bot, listeners, reverse_url, reverse_chat):
    listeners.start()
    half_dead = bot.dial_until(reverse_url)
    until(lambda: status() == "online")
    bot.forget(half_dead)
    bot.dial(reverse_url)
    time.sleep(1)  # the older one's pings and clean-up
    send(reverse_chat, "Hi")
    assert bot.wait_for_sent(1)
    bot.say("@Andy still here")
    assert inbound().text == "@Andy still here"
    assert (kept().status, kept().reconnects) == ("online", 0)


@database
def test_the_older_connection_is_dropped_at_once(bot, listeners, reverse_url, reverse_chat, settings):
    settings.CHANNEL_HEARTBEAT = settings.CHANNEL_STALL_TIMEOUT = 60  # so no ping of ours finds it
    listeners.start()
    older = bot.dial_until(reverse_url)
    until(lambda: status() == "online")
    newer = bot.dial(reverse_url)
    until(lambda: older.state is State.CLOSED, seconds=3)
    assert newer.state is State.OPEN


@database
def test_an_implementation_that_goes_may_come_back(bot, listeners, reverse_url, reverse_chat):
    listeners.start()
    bot.dial_until(reverse_url)
    until(lambda: status() == "online")
    bot.cut()
    until(lambda: status() == "retrying")
    send(reverse_chat, "while you were away")
    bot.dial_until(reverse_url)
    assert bot.wait_for_sent(1)


@database
def test_that_nobody_connects_is_said(listeners, reverse_chat):
    listeners.start()
    until(lambda: "has connected" in detail())
    assert status() == "retrying"


@database
def test_a_port_that_is_taken_is_said(listeners, bot):
    channel(bot.url, mode="reverse")
    listeners.start()
    until(lambda: "cannot be opened" in detail())


@database
@pytest.mark.parametrize("url", ["wss://0.0.0.0:8095/", "ws://0.0.0.0/", "nonsense", "ws://x:99999999/"])
def test_an_address_where_nobody_can_listen_is_permanent(listeners, url):
    channel(url, mode="reverse")
    listeners.start()
    until(lambda: status() == "failed")
    assert "where we listen" in detail()


# Trouble.


@database
@pytest.mark.parametrize("in_words", [False, True])
def test_a_refused_token_is_permanent_and_said_without_it(bot, listeners, chat, caplog, in_words):
    caplog.set_level(logging.DEBUG)
    bot.token, bot.refuses_in_words = "another", in_words
    listeners.start()
    until(lambda: status() == "failed")
    assert "does not accept the access token" in until(Incident.objects.first).sentence
    assert TOKEN not in caplog.text + detail()


@database
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_without_a_token_nothing_is_opened(bot, listeners, reverse_url, mode):
    channel(bot.url if mode == "forward" else reverse_url, mode=mode, token="")
    listeners.start()
    until(lambda: status() == "failed")
    assert "'access_token'" in detail()
    with pytest.raises(OSError, match="Connect call failed"):
        bot.dial(reverse_url)


@database
def test_an_account_that_is_logged_out_is_found_although_the_socket_stands(bot, listeners, chat):
    online(listeners)
    bot.say("the last words")
    bot.online = False
    bot.heartbeat(online=False)
    until(lambda: "logged out" in detail())
    assert status() == "retrying"
    assert inbound().text == "the last words"
    time.sleep(0.3)
    assert status() == "retrying"  # it does not come back as long as the account is away
    bot.online = True
    until(lambda: status() == "online")


@database
def test_it_is_found_without_heartbeats_too(bot, listeners, chat):
    online(listeners)
    bot.online = False
    until(lambda: "logged out" in detail(), seconds=2)


@database
def test_an_implementation_without_status_and_heartbeats_is_fine(bot, listeners, chat):
    bot.online = None
    online(listeners)
    time.sleep(2.5)
    assert (status(), kept().reconnects) == ("online", 0)


@database
def test_one_that_answers_nothing_any_more_is_found(bot, listeners, chat):
    online(listeners)
    bot.fail("get_status", HANG)
    until(lambda: "did not answer get_status" in detail(), seconds=5)
    until(lambda: status() == "online")


@database
def test_a_cut_is_survived_both_ways(bot, listeners, chat):
    online(listeners)
    bot.stop()
    until(lambda: status() == "retrying")
    send(chat, "while you were away")
    bot.start()
    assert bot.wait_for_sent(1)
    bot.say("@Andy back?")
    assert inbound()


@database
@pytest.mark.parametrize("answer", [{"status": "ok", "retcode": 0, "data": None}, {"status": "failed", "retcode": 1}])
def test_one_that_does_not_say_who_it_is_is_asked_again(bot, listeners, chat, answer):
    bot.fail("get_login_info", answer)
    listeners.start()
    until(lambda: status() == "retrying")
    until(lambda: status() == "online")


@database
def test_garbage_is_passed_over(bot, listeners, chat):
    bot.greeting = "]]not json"
    online(listeners)
    for frame in ("[]", "null", '"x"', "{}", "[" * 5000, '{"post_type": "message"}', '{"echo": {"a": 1}}'):
        bot.push(frame)
    bot.push(json.dumps(recorded([text("@Andy x")], user_id=None)))
    bot.say("@Andy hello")
    assert inbound().text == "@Andy hello"
    assert kept().reconnects == 0


@database
def test_what_is_no_websocket_is_said(listeners):
    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_error(418)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        channel(f"ws://127.0.0.1:{server.server_port}/")
        listeners.start()
        until(lambda: "answered 418" in detail())
        server.shutdown()


@database
def test_a_refusal_fails_the_message_and_lets_the_next_pass(bot, listeners, chat):
    bot.fail("send_group_msg", {"status": "failed", "retcode": 1200, "data": None, "wording": "you are muted"})
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    bot.wait_for_sent(1)
    failed = Message.objects.get(text="one")
    assert (failed.delivery, failed.attempts) == ("failed", 1)
    assert "you are muted" in failed.error


@database
def test_a_message_of_which_nobody_knows_is_sent_again_while_young(bot, listeners, chat):
    bot.fail("send_group_msg", {"status": "failed", "retcode": 1200, "data": None, "message": "Timeout: sendMsg"}, HANG)
    send(chat, "hi")
    listeners.start()
    bot.wait_for_sent(1)
    until(lambda: outbound("sent") == 1)
    assert Message.objects.outbound().get().attempts == 3


@database
def test_a_flood_is_kept_in_order(bot, listeners, chat):
    online(listeners)
    for number in range(300):
        bot.say(f"message {number}")
    bot.say("@Andy end")
    until(lambda: Message.objects.filter(text="@Andy end").exists())
    texts = Message.objects.inbound().order_by("pk").values_list("text", flat=True)
    assert list(texts) == [f"message {number}" for number in range(300)] + ["@Andy end"]


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


def image(url):
    return {"type": "image", "data": {"file": "a.png", "url": url}}


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
    until(lambda: Attachment.objects.filter(state="ready", name="notes.png").first())


@database
def test_an_address_in_our_own_network_is_not_asked(bot, listeners, chat, file_server):
    online(listeners)
    bot.say([at(), image(f"{file_server}/a.png")])
    assert "private network" in until(lambda: Attachment.objects.filter(state="failed").first()).error


@database
def test_images_and_files_go_out_as_bytes(bot, listeners, chat):
    (workspace(chat.group) / "a.png").write_bytes(PNG)
    (workspace(chat.group) / "b.txt").write_bytes(b"text")
    message = send(chat, "Look")
    Attachment.objects.create(message=message, kind="image", name="a.png", mime="image/png", path="a.png")
    Attachment.objects.create(message=message, kind="file", name="b.txt", mime="text/plain", path="b.txt")
    listeners.start()
    picture, words = bot.wait_for_sent(2)
    assert picture["message"][0]["data"]["file"].startswith("base64://iVBORw0KGg")
    assert words["message"] == [text("Look")]
    (upload,) = bot.calls_of("upload_group_file")
    assert upload["params"] == {"group_id": 777, "file": "base64://dGV4dA==", "name": "b.txt"}


# Payloads.


@pytest.mark.parametrize(
    ("segment", "words", "kind"),
    [
        ({"type": "image", "data": {"url": "https://x.y/a"}}, "[image]", "image"),
        ({"type": "mface", "data": {"summary": "[赞]", "url": "https://x.y/a"}}, "[sticker: 赞]", "sticker"),
        ({"type": "record", "data": {"file": "a.amr"}}, "[voice message]", "voice"),
        ({"type": "video", "data": {}}, "[video]", "video"),
        ({"type": "file", "data": {"file": "a.pdf"}}, "[file: a.pdf]", "file"),
        ({"type": "face", "data": {"id": "14"}}, "[face]", "text"),
        ({"type": "json", "data": {"data": "{}"}}, "[json]", "text"),
        ({"type": "future", "data": None}, "[future]", "text"),
        ({"type": "at", "data": {"qq": 77, "name": "Bob"}}, "@Bob", "text"),
        ({"type": "at", "data": {"qq": "77"}}, "@77", "text"),
    ],
)
def test_each_kind_of_segment_has_words(segment, words, kind):
    message = read([segment])
    assert (message.text, message.kind) == (words, kind)


def test_a_message_in_the_products_words():
    message = read([at(), text(" hi")])
    assert (message.chat_id, message.external_id, message.sender_name) == ("group_777", "-555.1700000000", "Annie")
    assert message.mentions_bot
    assert not read([at(42), text(" hi")]).mentions_bot
    assert read([at("all"), text("hi")]).text == "@all hi"
    assert read([at()]).text == "@Bot"
    assert read([]) is None


def test_anonymous_writers_have_an_id_of_their_own():
    message = read([text("hi")], user_id=80000000, anonymous={"id": 5, "name": "大象", "flag": "x"})
    assert (message.sender_id, message.sender_name) == ("anonymous_5", "大象")


def test_text_with_cq_codes_says_the_same_as_segments():
    code = f"[CQ:reply,id=554][CQ:at,qq={SELF_ID}] a &#91;b&#93; &amp;amp; [CQ:image,file=a&#44;b.png,url=https://x.y/?a=1&amp;b=2]"
    reply, mention, words, picture = segments(code)
    assert (reply.data["id"], mention.data["qq"], words.data["text"]) == ("554", str(SELF_ID), " a [b] &amp; ")
    assert picture.data == {"file": "a,b.png", "url": "https://x.y/?a=1&b=2"}
    assert payloads.answered(recorded(code)) == "554"


HOSTILE = recorded(
    [{"type": "reply", "data": {"id": "554"}}, at(), text("hi"), image("https://x.y/a.png")],
    anonymous={"id": 1, "name": "x"},
)


@pytest.mark.parametrize("group", range(10))
def test_no_payload_breaks_the_translation(group):
    for payload in mutations(HOSTILE)[group::10]:
        if not isinstance(payload, dict):
            continue  # the link passes only objects on

        def translate(payload=payload):
            answer = payloads.answered(payload)
            quote = payloads.quoted(answer, payload, ME) if answer else None
            assert isinstance(quote, Quoted | None)
            payloads.title_of(payload)
            payloads.is_offline(payload.get("status"))
            payloads.group_of(payload)
            return payloads.inbound(payload, ME, quote)

        survives(translate)


def test_markdown_becomes_plain_text():
    (part,) = rendering.parts("# Title\n**bold** [docs](https://x.y)\n\n- a\n- b\n\n```py\nx = 1\n```", "qq")
    assert part.text == "Title\nbold docs (https://x.y)\n\n• a\n• b\n\nx = 1"


# Test connection.


@database
def test_the_check_says_who_the_account_is(bot, chat):
    assert async_to_sync(check)(chat.channel) == f"The access token works: the account is Bot ({SELF_ID})."


@database
def test_the_check_says_what_is_wrong(bot, chat):
    bot.token = "another"
    with pytest.raises(PlatformError, match="does not accept the access token"):
        async_to_sync(check)(chat.channel)
    bot.stop()
    with pytest.raises(PlatformError, match="cannot be reached"):
        async_to_sync(check)(chat.channel)


@database
def test_the_check_tells_that_nobody_is_there_yet(reverse_chat):
    assert "Nobody is connected yet" in async_to_sync(check)(reverse_chat.channel)
