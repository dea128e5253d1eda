"""Test connection."""

import pytest

from apps.platforms.admin.channels import checked
from tests.fakes.discord_gateway import Garbage
from tests.platforms.adapters.discord.support import discord_channel

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("told_at_once", "nothing_left"),
]


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
