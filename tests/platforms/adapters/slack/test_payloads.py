"""Slack's events in the product's words, the hostile ones too."""

import json
from typing import Any

import pytest

from apps.chats.models import Chat, Message
from apps.platforms.adapters.slack.payloads import Me, Names, inbound, said
from apps.platforms.base import PayloadError
from tests.platforms.adapters.slack.support import NAMES
from tests.platforms.fuzz import mutations, survived

ME = Me(user_id="UBOT", bot_id="BBOT", name="andy")
PDF = {
    "id": "F1", "name": "a.pdf", "mimetype": "application/pdf", "size": 10, "mode": "hosted",
    "url_private": "https://files.slack.com/files-pri/T1-F1/a.pdf",
    "url_private_download": "https://files.slack.com/files-pri/T1-F1/download/a.pdf",
}  # fmt: skip
RECORDED = {
    "team_id": "T1",
    "api_app_id": "A1",
    "type": "event_callback",
    "event_id": "Ev1",
    "event": {
        "type": "message", "subtype": "file_share", "channel": "C1", "channel_type": "channel", "user": "UANN",
        "text": "<@UBOT> look, <@UBOB> &lt;3 <https://x.y|here>", "ts": "1700000000.000200",
        "thread_ts": "1700000000.000100", "parent_user_id": "UBOB", "team": "T1", "files": [PDF],
        "attachments": [{"is_share": True, "author_name": "Carl", "text": "before", "fallback": "before"}],
        "bot_profile": {"name": "Jenkins"}, "username": "",
        "blocks": [{"type": "rich_text", "elements": []}],
    },
}  # fmt: skip


def heard(**event: Any) -> Any:
    base = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "UANN", "ts": "1700000000.000200"}
    return said({"event": {**base, **event}}, ME)


def read(*, open_threads: Any = False, **event: Any) -> Any:
    found = heard(**event)
    return found and inbound(found, ME, NAMES, open_threads=open_threads)


def test_a_text_in_a_channel():
    message = read(text="hello")
    assert (message.external_id, message.chat_id, message.sender_id) == ("1700000000.000200", "C1", "UANN")
    assert (message.text, message.sender_name, message.chat_title) == ("hello", "Ann Lee", "general")
    assert (message.chat_kind, message.kind, message.thread_id) == (Chat.Kind.GROUP, Message.Kind.TEXT, "")
    assert abs(message.sent_at.timestamp() - 1_700_000_000.0002) < 0.001
    assert not message.mentions_bot
    assert not message.from_bot


def test_a_direct_chat_is_called_as_the_person_and_a_group_of_people_is_a_group():
    message = read(text="hello", channel="D1", channel_type="im")
    assert (message.chat_kind, message.chat_title) == (Chat.Kind.DIRECT, "Ann Lee")
    assert read(text="hello", channel="G1", channel_type="mpim").chat_kind == Chat.Kind.GROUP


@pytest.mark.parametrize("text", ["<@UBOT> hi", "hi <@UBOT|andy>", "a<@UBOT>b"])
def test_a_mention_of_the_bot(text):
    assert read(text=text).mentions_bot


@pytest.mark.parametrize("text", ["@andy hi", "<@UBOTX>", "&lt;@UBOT&gt;", "<@UBOB>", "<!here>", "UBOT"])
def test_what_is_no_mention_of_the_bot(text):
    assert not read(text=text).mentions_bot


def test_an_answer_in_a_thread_that_the_bot_began_is_one_to_it():
    thread = {"text": "why?", "thread_ts": "1700000000.000100"}
    assert read(**thread, parent_user_id="UBOT").mentions_bot
    assert not read(**thread, parent_user_id="UBOB").mentions_bot


def test_a_thread_is_known_by_its_root_and_the_root_is_in_none():
    assert read(text="x", thread_ts="1700000000.000100").thread_id == "1700000000.000100"
    assert read(text="x", thread_ts="1700000000.000200").thread_id == ""
    assert read(text="x", thread_ts="nonsense").thread_id == ""


def test_a_mention_opens_a_thread_only_where_that_is_wanted_and_never_in_a_direct_chat():
    assert read(text="<@UBOT> x", open_threads=True).thread_id == "1700000000.000200"
    assert read(text="<@UBOT> x", open_threads=True, thread_ts="1700000000.000100").thread_id == "1700000000.000100"
    assert read(text="<@UBOT> x", open_threads=True, channel="D1").thread_id == ""
    assert read(text="<@UBOT> x").thread_id == read(text="x", open_threads=True).thread_id == ""


@pytest.mark.parametrize(
    "event",
    [
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join", "text": "<@UANN> has joined"},
        {"subtype": "channel_topic"},
        {"type": "reaction_added"},
        {"user": "UBOT", "text": "me"},
        {"user": None, "bot_id": "BBOT", "subtype": "bot_message", "text": "me"},
    ],
)
def test_service_messages_edits_and_our_own_are_no_messages(event):
    assert read(**event) is None


def test_other_bots_are_marked_and_tell_their_names():
    legacy = read(user=None, bot_id="B5", subtype="bot_message", username="Jenkins", text="built")
    assert (legacy.from_bot, legacy.sender_id, legacy.sender_name) == (True, "B5", "Jenkins")
    assert read(user="USLACKBOT", text="reminder").from_bot
    assert heard(user="U5", bot_id="B5", bot_profile={"name": "Jenkins"}, text="<@UBOB>").people == ["UBOB"]


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        ({"files": [PDF], "text": "read this"}, "file", "read this\n[file: a.pdf]"),
        ({"files": [{**PDF, "mimetype": "image/png", "name": "p.png"}]}, "image", "[photo: p.png]"),
        ({"files": [{**PDF, "mimetype": "video/mp4", "subtype": "slack_audio"}]}, "voice", "[voice message: a.pdf]"),
        ({"files": [{"id": "F2", "mode": "tombstone"}]}, "file", "[file]"),
        ({"subtype": "me_message", "text": "waves"}, "text", "waves"),
        ({"subtype": "unheard_of", "text": ""}, "text", "[unheard_of]"),
        ({"text": "", "blocks": [{"type": "image"}]}, "text", "[message]"),
        ({"text": "", "attachments": [{"fallback": "build 5 &amp; 6"}, {"text": "ok"}]}, "text", "build 5 & 6\nok"),
    ],
)
def test_every_kind_has_words(event, kind, text):
    message = read(**event)
    assert (message.kind, message.text) == (kind, text)


def test_a_file_is_fetched_by_its_address_or_else_by_its_id_and_one_elsewhere_not_at_all():
    (file,) = read(files=[PDF]).attachments
    assert file.source == {"file_id": "F1", "url": PDF["url_private_download"], "mime": "application/pdf"}
    assert (file.name, file.mime, file.size) == ("a.pdf", "application/pdf", 10)
    (shared,) = read(files=[{"id": "F2", "file_access": "check_file_info"}]).attachments
    assert (shared.source["file_id"], shared.source["url"]) == ("F2", "")
    assert not read(files=[{**PDF, "mode": "external"}]).attachments


def test_a_forwarded_message_is_quoted():
    shared = {"is_share": True, "author_id": "UBOB", "text": "see <@UANN>"}
    message = read(text="this", attachments=[{"text": "no"}, shared])
    assert (message.quoted_sender, message.quoted_text) == ("Bob", "see @Ann Lee")


@pytest.mark.parametrize("payload", [None, {}, {"event": 5}, {"event": {"type": "message"}}, {"event": []}])
def test_what_is_no_event_is_said_so(payload):
    with pytest.raises(PayloadError):
        said(payload, ME)


def test_the_recorded_one_is_a_message():
    message = inbound(found, ME, NAMES) if (found := said(RECORDED, ME)) else None
    assert message
    assert message.text == "@andy look, @Bob <3 here (https://x.y)\n[file: a.pdf]"
    assert (message.mentions_bot, message.quoted_text, len(message.attachments)) == (True, "before", 1)


def test_no_payload_breaks_the_translation():
    assert survived(translated, mutations(RECORDED)) > 0


def translated(payload: Any) -> Any:
    found = said(payload, ME)
    message = inbound(found, ME, Names()) if found else None
    json.dumps([dict(each.source) for each in message.attachments] if message else [])
    return message
