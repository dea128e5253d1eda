"""Telegram's updates in the product's words, the hostile ones too."""

import json
from typing import Any

import pytest
from telegram import Update

from apps.chats.models import Chat, Message
from apps.platforms.adapters.telegram.payloads import Me, event, inbound, update_from
from apps.platforms.base import Moved
from tests.platforms.adapters.telegram.support import ANN, BOT, GROUP, ME, RECORDED, read
from tests.platforms.fuzz import mutations, survived

pytestmark = pytest.mark.django_db(transaction=True)


def entity(kind: str, offset: int, length: int, **more: Any) -> list[dict[str, Any]]:
    return [{"type": kind, "offset": offset, "length": length, **more}]


def test_a_text_in_a_group():
    message = read(text="hello")
    assert (message.external_id, message.chat_id, message.sender_id) == ("7", "-1001", "42")
    assert (message.text, message.sender_name, message.chat_title) == ("hello", "Ann Lee", "Team")
    assert (message.chat_kind, message.kind, message.thread_id) == (Chat.Kind.GROUP, Message.Kind.TEXT, "")
    assert message.sent_at.timestamp() == 1_700_000_000
    assert not message.mentions_bot


def test_a_direct_chat_is_called_as_the_person():
    message = read(text="hello", chat={"id": 42, "type": "private", "first_name": "Ann", "last_name": "Lee"})
    assert (message.chat_kind, message.chat_title) == (Chat.Kind.DIRECT, "Ann Lee")


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("hi @my_bot", entity("mention", 3, 7)),
        ("hi @My_Bot", entity("mention", 3, 7)),
        ("😀😀 @my_bot", entity("mention", 5, 7)),  # offsets count UTF-16 units
        ("/help@my_bot", entity("bot_command", 0, 12)),
        ("hi Andy", entity("text_mention", 3, 4, user=BOT)),
    ],
)
def test_a_mention_of_the_bot(text, entities):
    assert read(text=text, entities=entities).mentions_bot


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("hi @my_bots", entity("mention", 3, 8)),
        ("hi @my_bot", []),
        ("/help", entity("bot_command", 0, 5)),
        ("/help@other_bot", entity("bot_command", 0, 15)),
        ("hi Ann", entity("text_mention", 3, 3, user=ANN)),
    ],
)
def test_what_is_no_mention_of_the_bot(text, entities):
    assert not read(text=text, entities=entities).mentions_bot


def test_a_mention_in_a_caption():
    message = read(
        photo=[{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}],
        caption="@my_bot look",
        caption_entities=entity("mention", 0, 7),
    )
    assert (message.kind, message.text, message.mentions_bot) == (Message.Kind.IMAGE, "@my_bot look\n[photo]", True)


def test_a_reply_to_the_bot_mentions_it_and_quotes():
    answered = {"message_id": 5, "date": 1, "chat": GROUP, "from": BOT, "text": "my answer"}
    message = read(text="why?", reply_to_message=answered)
    assert (message.mentions_bot, message.reply_to) == (True, "5")
    assert (message.quoted_sender, message.quoted_text) == ("Andy", "my answer")


def test_a_reply_to_somebody_else_does_not_and_a_chosen_quote_wins():
    answered = {"message_id": 5, "date": 1, "chat": GROUP, "from": ANN, "text": "a long text"}
    message = read(text="why?", reply_to_message=answered, quote={"text": "long", "position": 2})
    assert (message.mentions_bot, message.quoted_text) == (False, "long")


def test_a_topic_is_a_thread_and_its_opening_is_no_reply():
    opening = {
        "message_id": 3,
        "date": 1,
        "chat": GROUP,
        "from": BOT,
        "forum_topic_created": {"name": "News", "icon_color": 1},
    }
    message = read(text="hello", message_thread_id=3, is_topic_message=True, reply_to_message=opening)
    assert (message.thread_id, message.reply_to, message.mentions_bot) == ("3", "", False)


def test_a_thread_id_outside_a_topic_means_nothing():
    assert read(text="hello", message_thread_id=3).thread_id == ""


@pytest.mark.parametrize(
    "message",
    [
        {"new_chat_members": [ANN]},
        {"pinned_message": {"message_id": 1, "date": 0, "chat": GROUP}},
        {"from": BOT, "text": "me"},
    ],
)
def test_service_messages_and_our_own_are_no_messages(message):
    assert read(**message) is None


def test_an_edit_is_no_new_message():
    edited = {"message_id": 7, "date": 1, "chat": GROUP, "from": ANN, "text": "x"}
    assert inbound(Update.de_json({"update_id": 1, "edited_message": edited}, None), ME) is None


def test_another_bot_is_marked_but_an_anonymous_admin_is_the_group():
    assert read(text="x", **{"from": {"id": 5, "is_bot": True, "first_name": "Other"}}).from_bot
    anonymous = read(text="x", sender_chat=GROUP, **{"from": {"id": 1087968824, "is_bot": True, "first_name": "Group"}})
    assert (anonymous.from_bot, anonymous.sender_id, anonymous.sender_name) == (False, "-1001", "Team")


def test_a_group_that_became_a_supergroup_has_moved():
    assert read(migrate_to_chat_id=-100777) == Moved(chat_id="-1001", new_chat_id="-100777")


def test_no_payload_breaks_the_translation():
    assert survived(translation, [json.dumps(payload).encode() for payload in mutations(RECORDED)]) > 0


def translation(body: bytes) -> Any:
    return event(update_from(body), Me(1, "my_bot"))


def test_the_recorded_one_is_a_message():
    (message,) = translation(json.dumps(RECORDED).encode())
    assert (message.album, message.mentions_bot, message.quoted_text) == ("g", True, "be")
    assert message.attachments[0].source == {"file_id": "a"}
