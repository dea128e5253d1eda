"""QQ's implementation in trouble, and the test of a connection."""

import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asgiref.sync import async_to_sync

from apps.chats.models import Chat, Incident, Message
from apps.platforms.adapters.qq.check import check
from apps.platforms.base import PlatformError
from tests.fakes.qq_onebot import HANG, SELF_ID, TOKEN, text
from tests.platforms.adapters.qq.support import channel, database, inbound, kept, online, recorded
from tests.platforms.support import detail, lost, outbound, send, status, until_quiet
from tests.waiting import until


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
    assert "“access_token”" in detail()
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
def test_it_is_found_without_heartbeats_too(bot, listeners, chat, quick):
    online(listeners)
    bot.online = False
    until(lambda: "logged out" in detail())
    assert status() == "retrying"


@database
def test_an_implementation_without_status_and_heartbeats_is_fine(bot, listeners, chat, quick):
    bot.online = None
    online(listeners)
    until_quiet(lambda: kept().reconnects, 2.5)
    until(lambda: status() == "online")


@database
def test_one_that_answers_nothing_any_more_is_found(bot, listeners, chat, quick):
    online(listeners)
    bot.fail("get_status", HANG)
    until(lambda: "did not answer get_status" in lost())
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
    assert until(lost)
    until(lambda: status() == "online")
    assert [call["taken"] for call in bot.calls_of("get_login_info")] == [False, True]


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
        assert status() == "retrying"
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
def test_a_message_of_which_nobody_knows_is_sent_again_while_young(bot, listeners, chat, quick):
    bot.fail("send_group_msg", {"status": "failed", "retcode": 1200, "data": None, "message": "Timeout: sendMsg"}, HANG)
    send(chat, "hi")
    listeners.start()
    bot.wait_for_sent(1)
    until(lambda: outbound("sent") == 1)
    assert Message.objects.outbound().get().attempts >= 3


@database
def test_a_flood_is_kept_in_order(bot, listeners, chat):
    online(listeners)
    for number in range(300):
        bot.say(f"message {number}")
    bot.say("@Andy end")
    until(lambda: Message.objects.filter(text="@Andy end").exists())
    texts = Message.objects.inbound().order_by("pk").values_list("text", flat=True)
    assert list(texts) == [f"message {number}" for number in range(300)] + ["@Andy end"]


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


@database
def test_names_of_groups_that_do_not_come_hold_up_the_messages_once_and_not_for_each_group(bot, listeners, chat):
    bot.fail("get_group_info", *[HANG] * 20)
    online(listeners)
    for group in range(1, 21):
        bot.say("hello", group=group)

    until(lambda: Chat.objects.filter(external_id__startswith="group_", group=None).count() == 20)
    assert (status(), kept().reconnects) == ("online", 0)
