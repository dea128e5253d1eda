"""The adapter with the real library against a Discord that speaks the wire, and with the real listeners."""

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from apps.chats.models import Channel, Message
from apps.platforms.adapters.discord.adapter import DiscordAdapter
from apps.platforms.base import Identity, PlatformError
from tests.fakes.discord_api import ANN, BOT_ROLE, DiscordApi
from tests.fakes.discord_gateway import ME, TOKEN
from tests.fakes.stand_in import Hang
from tests.platforms.adapters.discord.support import discord_channel, inbound
from tests.platforms.support import outbound, registered_chat, send, status
from tests.waiting import in_time, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("told_at_once", "nothing_left"),
]

OTHER_BOT = {**ANN, "id": "77", "username": "clock", "global_name": "Clock", "bot": True}


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


def test_a_hung_channel_delays_no_other(discord, listeners, room):
    with DiscordApi() as hanging:
        stuck = registered_chat(discord_channel(hanging, name="stuck"), "601")
        listeners.start()
        until(lambda: status("stuck") == status() == "online")
        hanging.keep_failing("send", Hang(300))
        send(stuck, "never")
        until(lambda: outbound("sending") == 1)

        def delivered() -> float:
            began, before = time.monotonic(), len(discord.sent)
            send(room, "hi")
            assert discord.wait_for_sent(before + 1)[-1].channel_id == "600"
            return time.monotonic() - began

        in_time(5, delivered)
        assert not hanging.sent
        hanging.stop()


def together(channel: Channel, discord: DiscordApi, *, hang_up: bool = False) -> Any:
    """What `listen` gives after three messages came while something else was being stored; then what it raises."""

    async def story():
        adapter = DiscordAdapter(channel)
        events = adapter.listen()
        try:
            assert isinstance(await anext(events), Identity)
            for number in range(3):
                await asyncio.to_thread(discord.say, f"message {number}")
            if hang_up:
                await asyncio.to_thread(discord.close_gateway, 4000)
            for _ in range(4):
                await asyncio.sleep(0.05)
            batch = await anext(events)
            if hang_up:
                with pytest.raises(PlatformError):
                    await anext(events)
            return batch
        finally:
            await events.aclose()
            await adapter.close()

    return async_to_sync(story)()


@pytest.mark.parametrize("hang_up", [False, True])
def test_what_arrived_together_is_stored_together_even_if_that_was_all(discord, room, hang_up):
    batch = together(room.channel, discord, hang_up=hang_up)
    assert [message.text for message in batch] == ["message 0", "message 1", "message 2"]
