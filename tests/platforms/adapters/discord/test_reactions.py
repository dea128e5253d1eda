from functools import partial
from typing import Any

import pytest

from apps.agents.models import Run
from apps.chats.models import Message
from apps.platforms.adapters.discord.payloads import Me, Place
from apps.platforms.adapters.discord.reactions import reacted
from tests.platforms.fuzz import mutations, survived
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

ME = Me("999", "Andy")
MEMBER: dict[str, Any] = {"nick": None, "roles": [], "user": {"id": "42", "username": "ann", "global_name": "Ann"}}
ADDED = {
    "user_id": "42", "channel_id": "600", "message_id": "7001", "guild_id": "500", "member": MEMBER,
    "emoji": {"id": None, "name": "👎"}, "burst": False, "type": 0,
}  # fmt: skip


def test_a_reaction_is_read_later_and_calls_nobody(discord, online):
    online.group.engage = "always"
    online.group.save()
    for _ in range(2):
        discord.push("MESSAGE_REACTION_ADD", ADDED)

    message = until(lambda: Message.objects.inbound().first())

    assert (message.text, message.sender_name, message.reply_to) == ("[reacted with 👎]", "Ann", "7001")
    assert not message.calls_agent
    assert not Run.objects.exists()
    discord.say("after")
    until(lambda: Message.objects.inbound().filter(text="after").exists())
    assert Message.objects.inbound().count() == 2


def test_a_reaction_taken_back_and_one_of_the_servers_own():
    removed = reacted("MESSAGE_REACTION_REMOVE", {**ADDED, "emoji": {"id": "5", "name": "parrot"}}, Place("600"), ME)
    assert removed
    assert removed.text == "[took back the reaction :parrot:]"


def test_our_own_is_none():
    assert reacted("MESSAGE_REACTION_ADD", {**ADDED, "user_id": ME.id}, Place("600"), ME) is None


def test_hostile_reactions_break_nothing():
    assert survived(partial(reacted, "MESSAGE_REACTION_ADD", place=Place("600"), me=ME), mutations(ADDED)) > 0
