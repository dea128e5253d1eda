"""Channels, threads and servers by their ids."""

import pytest

from apps.chats.models import Chat, Message
from tests.fakes.discord_gateway import Failure
from tests.platforms.adapters.discord.support import discord_channel, inbound
from tests.platforms.support import registered_chat, send, status
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("told_at_once", "nothing_left"),
]


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
