"""The real library against a Discord that speaks the wire, with the real listeners and a real database."""

import threading
import time
from typing import Any

import pytest

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats import services
from apps.chats.models import Attachment, Channel, Chat, Message, Platform
from apps.chats.workspaces import workspace
from apps.platforms.admin.channels import checked
from apps.plugins import hooks
from tests.fakes.discord_api import ANN, BOT_ROLE, ME, TOKEN, Cut, DiscordApi, Failure, Garbage, Hang
from tests.platforms.conftest import detail, outbound, registered_chat, send, status, until

pytestmark = pytest.mark.django_db(transaction=True)

OTHER_BOT = {**ANN, "id": "77", "username": "clock", "global_name": "Clock", "bot": True}


@pytest.fixture
def discord():
    with DiscordApi() as server:
        yield server


@pytest.fixture(autouse=True)
def told_at_once(fresh_redis):
    """What is to be sent is sent when it is said, not at the next sweep."""


@pytest.fixture(autouse=True)
def nothing_left():
    """No heartbeat of the library outlives its connection."""
    yield
    until(lambda: not [thread for thread in threading.enumerate() if "keep-alive" in thread.name], seconds=3)


def discord_channel(api: DiscordApi, name: str = "bot", **fields):
    fields = {"credentials": {"token": TOKEN}, "options": {"api_base": api.url}, **fields}
    return Channel.objects.create(platform=Platform.DISCORD, name=name, **fields)


@pytest.fixture
def room(discord):
    """The channel #general, served by the group `team`."""
    return registered_chat(discord_channel(discord), "600")


@pytest.fixture
def online(listeners, room):
    listeners.start()
    until(lambda: status() == "online")
    return room


def inbound() -> Message:
    until(lambda: Message.objects.inbound().exists())
    return Message.objects.inbound()[0]


# In.


def test_a_message_becomes_a_row_and_an_answer_is_delivered(discord, online, caplog):
    message_id = discord.say("<@999> hello", mentions=[ME])
    message = inbound()
    assert (message.text, message.external_id, message.sender_name) == ("@Andy hello", message_id, "Ann")
    assert message.calls_agent
    send(online, "**Hi** Ann", reply_to=message_id)
    (sent,) = discord.wait_for_sent(1)
    assert (sent.channel_id, sent.text) == ("600", "**Hi** Ann")
    assert sent.parameters["message_reference"]["message_id"] == int(message_id)
    assert sent.parameters["allowed_mentions"]["parse"] == []
    assert until(lambda: Message.objects.outbound().get().external_parts) == [sent.message_id]
    assert TOKEN not in caplog.text


def test_a_direct_message_calls_the_agent(discord, listeners, room):
    registered_chat(room.channel, "700")
    listeners.start()
    until(lambda: status() == "online")
    discord.say("hello", channel_id="700")
    message = inbound()
    assert message.calls_agent
    assert (message.chat.kind, message.chat.title) == ("direct", "Ann")


def test_a_thread_belongs_to_its_channel_both_ways(discord, online):
    discord.say("@Andy hi", channel_id="650")
    message = inbound()
    assert (message.chat, message.thread_id, message.chat.title) == (online, "650", "Home #general")
    send(online, "in the thread", thread_id="650")
    assert discord.wait_for_sent(1)[0].channel_id == "650"


def test_a_post_of_a_forum_is_a_thread_too(discord, listeners, room):
    discord.channels |= {
        "670": {"id": "670", "type": 15, "guild_id": "500", "name": "questions"},
        "671": {"id": "671", "type": 11, "guild_id": "500", "name": "how?", "parent_id": "670"},
    }
    registered_chat(room.channel, "670")
    listeners.start()
    until(lambda: status() == "online")
    discord.say("@Andy how?", channel_id="671")
    message = inbound()
    assert (message.chat.external_id, message.thread_id, message.chat.title) == ("670", "671", "Home #questions")


def test_a_channel_that_was_renamed_is_called_so(discord, online):
    discord.say("one")
    inbound()
    discord.channels["600"]["name"] = "kitchen"
    discord.push("CHANNEL_UPDATE", discord.channels["600"])
    discord.say("two")
    assert until(lambda: Chat.objects.filter(title="Home #kitchen").exists())
    assert len(discord.calls_of("channel")) == 2


def test_a_message_whose_place_cannot_be_asked_for_is_not_lost(discord, online):
    discord.fail("channel", Failure(503))
    discord.say("@Andy hello")
    assert inbound().chat == online
    assert len(discord.resumed) == 1


def test_a_place_that_we_may_not_see_is_a_channel_by_itself(discord, online):
    discord.fail("channel", Failure(403, "Missing Access", 50001))
    discord.say("@Andy hello")
    assert inbound().chat == online
    assert not discord.resumed


def test_an_unknown_channel_is_discovered_with_its_name(discord, listeners):
    discord_channel(discord)
    listeners.start()
    until(lambda: status() == "online")
    discord.say("hello", channel_id="601")
    assert until(lambda: Chat.objects.discovered().filter(title="Home #other").exists())
    assert not Message.objects.exists()


def test_who_is_meant_is_seen_and_who_is_not(discord, online):
    answered = discord.message("I am here", author=ME)
    reference = {"type": 0, "message_id": answered["id"], "channel_id": "600"}
    discord.say("by role <@&901>", mention_roles=[BOT_ROLE["id"]])
    discord.say("a reply", type=19, message_reference=reference, referenced_message=answered)
    discord.say("<@42> not you", mentions=[ANN])
    until(lambda: Message.objects.inbound().count() == 3)
    role, reply, other = Message.objects.inbound().order_by("pk")
    assert [row.calls_agent for row in (role, reply, other)] == [True, True, False]
    assert [row.text for row in (role, other)] == ["by role @Andy", "@Ann not you"]
    assert (reply.quoted_sender, reply.quoted_text, reply.reply_to) == ("Andy", "I am here", answered["id"])


def test_our_own_messages_never_come_back_and_other_bots_do_not_call(discord, online):
    discord.say("@Andy mine", author=ME)
    discord.say("@Andy tick", author=OTHER_BOT)
    discord.say("said by a person")
    until(lambda: Message.objects.filter(text="said by a person").exists())
    assert not Message.objects.filter(text="@Andy mine").exists()
    assert not Message.objects.filter(calls_agent=True).exists()


def test_a_flood_is_kept_in_order(discord, online):
    for number in range(300):
        discord.say(f"message {number}")
    until(lambda: Message.objects.inbound().count() == 300)
    assert [row.text for row in Message.objects.order_by("pk")] == [f"message {number}" for number in range(300)]


def test_a_second_delivery_is_dropped(discord, online):
    message = discord.message("@Andy once")
    for _ in range(2):
        discord.push("MESSAGE_CREATE", message)
    discord.say("after it")
    until(lambda: Message.objects.filter(text="after it").exists())
    assert Message.objects.count() == 2


def test_events_that_cannot_be_read_hold_up_nobody(discord, online):
    hostile: list[Any] = [
        None,
        [],
        {"id": "1"},
        {**discord.message("x"), "author": 7},
        {**discord.message("x"), "id": {}},
    ]
    for strange in hostile:
        discord.push("MESSAGE_CREATE", strange)
    discord.push("TYPING_START", {"what": "is this"})
    discord.push("CHANNEL_UPDATE", None)
    discord.say("@Andy hello")
    assert inbound().text == "@Andy hello"
    assert len(discord.identified) == 1


# Out.


def test_a_long_text_arrives_in_two_parts_in_order(discord, online):
    send(online, "a" * 2000 + "b")
    assert [call.text for call in discord.wait_for_sent(2)] == ["a" * 2000, "b"]


def test_a_rate_limit_is_waited_for_and_one_message_is_seen(discord, online):
    discord.fail("send", Failure(429, retry_after=0.3), Failure(429, retry_after=0.5, via=False))
    send(online, "hi")
    until(lambda: outbound("sent") == 1)
    first, second = (call for call in discord.calls_of("send") if not call.answered)
    assert second.at - first.at >= 0.3
    assert discord.sent[0].at - second.at >= 0.4
    assert len(discord.sent) == 1


def test_a_server_error_is_retried(discord, online):
    discord.fail("send", Failure(503), Failure(500))
    send(online, "hi")
    until(lambda: outbound("sent") == 1)
    assert len(discord.sent) == 1


def test_a_refusal_fails_at_once_and_lets_the_next_pass(discord, online):
    discord.fail("send", Failure(403, "Missing Permissions", 50013))
    send(online, "one")
    send(online, "two")
    assert [call.text for call in discord.wait_for_sent(1)] == ["two"]
    failed = Message.objects.get(text="one")
    assert (failed.delivery, failed.attempts) == ("failed", 1)
    assert "Missing Permissions" in failed.error


def test_a_connection_cut_before_the_answer_shows_no_message_twice(discord, online):
    discord.fail("send", Cut(done=True), Garbage())
    send(online, "hi")
    until(lambda: outbound("sent") == 1)
    assert len(discord.sent) == 1
    assert len(discord.calls_of("repeated")) == 1


def test_a_hung_channel_delays_no_other(discord, listeners, room):
    with DiscordApi() as hanging:
        stuck = registered_chat(discord_channel(hanging, name="stuck"), "601")
        listeners.start()
        until(lambda: status("stuck") == status() == "online")
        hanging.keep_failing("send", Hang(30))
        send(stuck, "never")
        until(lambda: outbound("sending") == 1)
        send(room, "hi")
        began = time.monotonic()
        assert discord.wait_for_sent(1)[0].channel_id == "600"
        assert time.monotonic() - began < 5
        assert not hanging.sent
        hanging.stop()


# Files.


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path_factory):
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


def test_files_come_in_and_go_out(discord, listeners, room):
    discord.files = {"cat.png": b"\x89PNG\r\n\x1a\nxxx", "11.png": b"sticker"}
    listeners.start()
    until(lambda: status() == "online")
    file = {
        "id": "1",
        "filename": "cat.png",
        "size": 11,
        "url": f"{discord.url}/cdn/cat.png",
        "content_type": "image/png",
    }
    gone = {
        **file,
        "id": "2",
        "filename": "gone.txt",
        "url": f"{discord.url}/cdn/gone.txt",
        "content_type": "text/plain",
    }
    sticker = {"id": "11", "name": "wave", "format_type": 1}
    discord.say("@Andy look", attachments=[file, gone], sticker_items=[sticker])
    until(Run.objects.exists)
    cat, missing, wave = Attachment.objects.order_by("pk")
    assert (workspace(room.group) / cat.path).read_bytes() == discord.files["cat.png"]
    assert (cat.kind, wave.kind, wave.state, missing.state) == ("image", "sticker", "ready", "failed")

    (workspace(room.group) / "report.txt").write_bytes(b"hello")
    services.send_file(room, path="report.txt", name="report.txt", size=5, caption="**Here**")
    assert discord.wait_for_sent(1)[0].text == "**Here**"
    assert discord.uploads == [("report.txt", b"hello")]


# The connection.


def test_a_refused_token_is_permanent_and_said(discord, listeners):
    discord_channel(discord, credentials={"token": "wrong-token"})
    listeners.start()
    until(lambda: status() == "failed")
    assert "does not accept the bot's token" in detail()
    assert "wrong-token" not in detail()


@pytest.mark.parametrize(("code", "words"), [(4004, "token"), (4014, "Message Content Intent"), (4011, "servers")])
def test_a_fatal_close_is_permanent_and_said(discord, online, code, words):
    discord.close_gateway(code, refuse=True)
    until(lambda: status() == "failed")
    assert words in detail()


def test_an_intent_that_is_not_granted_is_said(discord, listeners, room):
    discord.content_granted = False
    listeners.start()
    until(lambda: status() == "failed")
    assert "Message Content Intent is switched off" in detail()


def test_without_the_content_intent_it_can_be_done_without(discord, listeners):
    discord.content_granted = False
    discord_channel(discord, options={"api_base": discord.url, "message_content": "no"})
    listeners.start()
    until(lambda: status() == "online")


@pytest.mark.parametrize("code", [4000, 1000, 1001, 4009])
def test_after_a_close_the_session_goes_on_and_nothing_is_lost(discord, online, code):
    discord.say("@Andy one")
    inbound()
    discord.close_gateway(code)
    discord.say("@Andy two")
    until(lambda: Message.objects.inbound().count() == 2)
    assert len(discord.identified) == 1
    assert discord.resumed[0]["seq"] == 2  # READY and the first message, which are stored


def test_what_was_written_during_an_outage_is_read_afterwards(discord, online):
    discord.stop()
    until(lambda: status() == "retrying")
    discord.say("@Andy where were you?")
    discord.start()
    assert inbound().text == "@Andy where were you?"
    until(lambda: status() == "online")
    assert len(discord.identified) == 1


def test_a_request_to_connect_again_is_followed(discord, online):
    discord.frame('{"op":7}')
    assert discord.wait_for(lambda: bool(discord.resumed))
    discord.say("@Andy still there?")
    assert inbound()


def test_a_session_that_is_lost_is_begun_anew(discord, online):
    discord.lose_sessions()
    assert discord.wait_for(lambda: len(discord.identified) == 2)
    until(lambda: status() == "online")
    discord.say("@Andy still there?")
    assert inbound()


def test_the_first_connection_to_the_gateway_may_fail(discord, listeners, room):
    discord.fail("socket", Failure(502), Garbage(b"\x00no frame"), Failure(503))
    listeners.start()
    until(lambda: status() == "online")
    send(room, "hi")
    assert discord.wait_for_sent(1)


def test_a_gateway_that_hangs_from_the_start_is_left(discord, listeners, room, settings):
    settings.CHANNEL_STALL_TIMEOUT = 3
    discord.fail("socket", Hang(30))
    listeners.start()
    until(lambda: status() == "retrying")
    assert "did not answer in time" in detail()
    until(lambda: status() == "online")


def test_a_gateway_that_falls_silent_is_found_and_left(discord, listeners, room, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1
    listeners.start()
    until(lambda: status() == "online")
    time.sleep(1.5)
    assert (len(discord.identified), discord.resumed) == (1, [])  # heartbeats are answered, and that is enough
    discord.deaf = True
    until(lambda: status() == "retrying", seconds=5)
    discord.deaf = False
    until(lambda: status() == "online")


def test_garbage_from_the_gateway_is_survived(discord, online):
    for garbage in ("no json", "[]", '{"op":10,"d":null}', '{"op":99}', '{"op":0,"t":"READY","s":1,"d":{}}'):
        discord.frame(garbage)
        time.sleep(0.1)
    until(lambda: status() == "online")
    discord.say("@Andy hello")
    assert inbound()


def test_no_more_connections_are_begun_than_are_granted(discord, listeners, room):
    discord.remaining = 0
    listeners.start()
    until(lambda: status() == "retrying")
    assert "no more connections" in detail()
    assert not discord.identified
    discord.remaining = 5
    until(lambda: status() == "online")


# While the agent works.


@pytest.fixture
def working(discord, listeners, monkeypatch):
    """A running run, called from a thread, in a chat whose channel shows answers while they are written."""
    from apps.platforms import streaming
    from apps.platforms.discord.adapter import DiscordAdapter

    monkeypatch.setattr(DiscordAdapter, "edit_every", 0.1)
    monkeypatch.setattr(streaming, "EVERY", 0)
    options = {"api_base": discord.url, "stream": "yes", "ack_reaction": "👀"}
    chat = registered_chat(discord_channel(discord, options=options), "600")
    listeners.start()
    until(lambda: status() == "online")
    discord.say("@Andy go", channel_id="650")
    inbound()
    Run.objects.all().delete()
    assert chat.group
    session = session_for(chat.group)
    run = Run.objects.create(session=session, chat=chat, cause="message", status="running", thread_id="650")
    return Run.objects.select_related("session__group", "chat__channel").get(pk=run.pk)


def test_typing_and_a_reaction_are_shown_in_the_thread(discord, working):
    announce(working)
    assert discord.wait_for(lambda: bool(discord.calls_of("react") and discord.calls_of("typing")))
    reaction = discord.calls_of("react")[0].parameters
    assert (reaction["channel_id"], reaction["emoji"]) == ("650", "👀")
    assert reaction["message_id"] == Message.objects.inbound().get().external_id
    assert discord.calls_of("typing")[0].channel_id == "650"


def test_an_answer_is_shown_while_it_is_written_and_then_replaced(discord, working):
    hooks.run_delta.fire(run=working, text="Hel")
    draft = discord.wait_for_sent(1)[0]
    hooks.run_delta.fire(run=working, text="lo there")
    assert discord.wait_for(lambda: any(call.text == "Hello there" for call in discord.calls_of("edit")))
    Message.objects.inbound().update(run=working)
    Run.objects.update(status="succeeded")
    final = send(working.chat, "Hello **there** again", run_id=working.pk, thread_id="650")
    until(lambda: Message.objects.get(pk=final.pk).delivery == "sent")
    last = discord.calls_of("edit")[-1]
    assert (last.text, last.channel_id) == ("Hello **there** again", "650")
    assert last.parameters["allowed_mentions"]["parse"] == []
    assert Message.objects.get(pk=final.pk).external_parts == [draft.message_id]
    assert len(discord.sent) == 1


# Test connection.


def test_the_connection_is_tested(discord):
    assert checked(discord_channel(discord)) == (True, "The token works: the bot is andy.")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"credentials": {"token": "not-this-one"}}, "does not accept the bot's token"),
        ({"credentials": {}}, "is missing or empty"),
        ({"options": {"api_base": "http://127.0.0.1:1"}}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said(discord, fields, sentence):
    worked, said = checked(discord_channel(discord, **fields))
    assert not worked
    assert sentence in said
    assert "not-this-one" not in said


def test_a_missing_intent_is_said_before_it_hurts(discord):
    discord.flags = 0
    worked, said = checked(discord_channel(discord))
    assert not worked
    assert "Message Content Intent" in said


def test_what_is_not_discord_is_said(discord):
    discord.keep_failing("me", Garbage())
    assert checked(discord_channel(discord)) == (False, "What answers there is not Discord's API.")
