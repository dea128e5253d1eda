"""What Discord sends and how we write to it: pure functions, nothing connected."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.platforms import rendering
from apps.platforms.adapters.discord.payloads import Me, Place, inbound, where
from apps.platforms.base import PayloadError
from tests.platforms.fuzz import mutations, survived

BOT = Me("999", "Andy")
HERE = Place("600", title="Home #general", roles={"5": "cooks"}, mine=frozenset({"901"}))
ANN = {"id": "42", "username": "ann", "global_name": "Ann", "bot": False}
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


def plain(**fields):
    """Somebody's message with nothing but these."""
    return {"id": "1574043509789294593", "channel_id": "600", "guild_id": "500", "author": ANN, "type": 0, **fields}


def translated(**fields):
    return inbound(plain(**fields), HERE, BOT)


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


def test_snapshots_in_snapshots_without_end_are_refused():
    deep: dict[str, Any] = {"content": "x"}
    for _ in range(3000):
        deep = {"message_snapshots": [{"message": deep}]}
    with pytest.raises(PayloadError):
        translated(**deep)


@pytest.mark.parametrize(
    ("fields", "text", "kind"),
    [
        ({"content": "hi"}, "hi", "text"),
        ({"content": "hi <@!42> <#600>", "mentions": [ANN]}, "hi @Ann <#600>", "text"),
        ({"attachments": [{"url": "u", "filename": "a.mp4", "content_type": "video/mp4"}]}, "[video: a.mp4]", "video"),
        ({"attachments": [{"url": "u", "filename": "a.zip"}]}, "[file: a.zip]", "file"),
        ({"attachments": [{"url": "u", "filename": "v.ogg"}], "flags": 1 << 13}, "[voice message]", "voice"),
        ({"content": "a", "sticker_items": [{"id": "1", "name": "x", "format_type": 3}]}, "a\n[sticker: x]", "sticker"),
        ({"poll": {"question": {"text": "When?"}}}, "[poll: When?]", "other"),
        ({"embeds": [{"title": "News", "description": "today"}]}, "[embed: News: today]", "other"),
        ({"components": [{"type": 17}]}, "[components]", "other"),
        (
            {"message_reference": {"type": 1, "message_id": "7"}, "message_snapshots": [{"message": {"content": "o"}}]},
            "[forwarded]\no",
            "other",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_message_is_told(fields, text, kind):
    message = translated(**fields)
    assert (message.text, message.kind, message.reply_to) == (text, kind, "")


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


# Out.


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**bold** *it* ~~gone~~ `a_b`", "**bold** *it* ~~gone~~ `a_b`"),
        ("# One\n\n#### Four", "# One\n\n**Four**"),
        ("2 * 3 * 4 and snake_case_name", "2 \\* 3 \\* 4 and snake\\_case\\_name"),
        ("[site](https://example.org/a_b)", "[site](<https://example.org/a_b>)"),
        ("https://example.org/a_b_c*d", "https://example.org/a_b_c*d"),
        ("[x](ftp://h/a_b)", "x (ftp://h/a\\_b)"),
        ("- one\n- two", "• one\n• two"),
        ("> said", "> said"),
        ("1 \\# no heading", "1 # no heading"),
        ("\\# no heading", "\\# no heading"),
        ("||no spoiler||", "\\|\\|no spoiler\\|\\|"),
        ("```python\nx = '*_'\n```", "```python\nx = '*_'\n```"),
        ("~~~\na ``` b\n~~~", "```\na `\u200b`` b\n```"),
        ("`` a ` b ``", "`` a ` b ``"),
        ("|a|b|\n|-|-|\n|1|2|", "```\na | b\n--+--\n1 | 2\n```"),
    ],
)
def test_markdown_becomes_discords(markdown, written):
    assert [part.text for part in rendering.parts(markdown, "discord")] == [written]


@pytest.mark.parametrize(
    "text", ["a" * 5000, "2 * 3 " * 800, "😀" * 1500, "word " * 900, "```\n" + "line_\n" * 900 + "```"]
)
def test_no_part_is_over_the_limit_and_nothing_is_lost(text):
    parts = rendering.parts(text, "discord")
    assert all(len(part.text.encode("utf-16-le")) // 2 <= 2000 for part in parts)
    kept = "".join(part.plain for part in parts)
    assert "".join(kept.split()) == "".join(text.replace("```", "").split())


def test_code_is_closed_and_opened_again():
    first, second = rendering.parts("```py\n" + "x = 1\n" * 400 + "```", "discord")
    assert first.text.startswith("```py\n")
    assert first.text.endswith("\n```")
    assert second.text.startswith("```py\n")
