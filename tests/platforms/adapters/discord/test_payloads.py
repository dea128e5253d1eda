"""Discord's messages in the product's words, the hostile ones too."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.platforms.adapters.discord.payloads import inbound, where
from apps.platforms.base import PayloadError
from tests.platforms.adapters.discord.support import ANN, BOT, HERE, translated
from tests.platforms.fuzz import mutations, survived

RECORDED: dict[str, Any] = {
    "id": "1574043509789294593", "channel_id": "600", "guild_id": "500", "type": 19, "flags": 0,
    "author": ANN, "member": {"nick": "Annie", "roles": ["5"]},
    "content": "<@999> look <:wave:1234> <@&5>", "timestamp": "2026-11-22T12:45:23.000000+00:00",
    "mentions": [{"id": "999", "username": "andy", "member": {"nick": None}}], "mention_roles": ["5"],
    "attachments": [
        {"filename": "a.png", "size": 9, "content_type": "image/png", "url": "https://cdn.discordapp.com/a.png"},
    ],
    "sticker_items": [{"id": "11", "name": "hi", "format_type": 1}],
    "poll": {"question": {"text": "When?"}, "answers": []},
    "message_snapshots": [{"message": {"content": "told before", "attachments": [], "embeds": []}}],
    "message_reference": {"type": 0, "message_id": "7", "channel_id": "600"},
    "referenced_message": {"id": "7", "author": {"id": "999", "username": "andy"}, "content": "before", "embeds": []},
    "embeds": [{"title": "t", "description": "d"}], "components": [],
}  # fmt: skip


def test_the_recorded_one_is_a_message():
    message = inbound(RECORDED, HERE, BOT)
    assert message is not None
    assert message.text.startswith("@andy look :wave: @cooks\n[image: a.png]\n[sticker: hi]\n[poll: When?]")
    assert (message.sender_id, message.sender_name, message.chat_title) == ("42", "Annie", "Home #general")
    assert (message.mentions_bot, message.reply_to, message.quoted_text) == (True, "7", "before")
    assert message.sent_at == datetime(2026, 11, 22, 12, 46, 57, 48000, tzinfo=UTC)
    assert [dict(file.source) for file in message.attachments] == [
        {"url": "https://cdn.discordapp.com/a.png"},
        {"sticker": "11.png"},
    ]


def test_no_payload_breaks_the_translation():
    assert survived(lambda payload: inbound(payload, HERE, BOT), mutations(RECORDED)) > 0


def test_no_payload_leads_to_a_place_that_is_none():
    for payload in mutations(RECORDED):
        try:
            ids = where(payload)
        except PayloadError:
            continue
        assert all(each == "" or each.isdigit() for each in ids)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": 7, "content": "Ann joined"},
        {"type": 6, "content": ""},
        {"type": 21, "content": "", "message_reference": {"message_id": "7"}},
        {"content": ""},  # without the intent Discord hides the words
        {"content": "mine", "author": {"id": "999"}},
    ],
)
def test_what_is_no_message_of_somebody_is_none(fields):
    assert translated(**fields) is None


def test_webhooks_and_applications_are_bots():
    assert translated(content="x", webhook_id="8").from_bot
    assert translated(content="x", author={**ANN, "bot": True}).from_bot
    assert not translated(content="x").from_bot


def test_everyone_is_not_the_bot():
    assert not translated(content="@everyone", mention_everyone=True).mentions_bot
    assert translated(content="<@&901>", mention_roles=["901"]).mentions_bot
