"""What DingTalk sends and how we write to it: pure functions, nothing connected."""

import pytest
from django.utils import timezone

from apps.platforms import rendering
from apps.platforms.adapters.dingtalk import payloads
from apps.platforms.adapters.dingtalk.dialect import DingTalk, lined
from tests.fakes.dingtalk_api import message
from tests.platforms.fuzz import mutations, survived


def read(**fields):
    return payloads.inbound({**message("m1", " hello ", "https://oapi.dingtalk.com/x"), **fields})


def test_a_message_in_the_products_words():
    found = read()
    assert (found.text, found.chat_id, found.chat_title) == ("hello", "cidgroup", "Team")
    assert (found.sender_id, found.mentions_bot) == ("staff42", True)
    assert not read(isInAtList=False).mentions_bot
    assert read(senderStaffId=None).sender_id == "$:ann"
    assert abs((found.sent_at - timezone.now()).total_seconds()) < 5


def test_a_reply_to_the_bot_calls_and_brings_its_words():
    replied = {"msgId": "m0", "msgType": "text", "senderId": "$:bot", "content": {"text": "my words"}}
    found = read(isInAtList=False, text={"content": "and?", "isReplyMsg": True, "repliedMsg": replied})
    assert (found.reply_to, found.quoted_text, found.mentions_bot) == ("m0", "my words", True)


@pytest.mark.parametrize(
    ("kind", "content", "words", "what", "files"),
    [
        ("picture", {"downloadCode": "d"}, "[image]", "image", 1),
        ("audio", {"downloadCode": "d", "recognition": "good day"}, "good day\n[voice message]", "voice", 1),
        ("video", '{"downloadCode": "d"}', "[video]", "video", 1),
        ("file", {"downloadCode": "d", "fileName": "a.pdf"}, "[file: a.pdf]", "file", 1),
        (
            "richText",
            {"richText": [{"text": "see "}, {"type": "picture", "downloadCode": "d"}]},
            "see [image]",
            "image",
            1,
        ),
        ("future", {"x": 1}, "[future]", "other", 0),
        ("picture", None, "[image]", "image", 0),
    ],
)
def test_each_kind_of_message_has_words(kind, content, words, what, files):
    found = read(msgtype=kind, content=content)
    assert (found.text, found.kind, len(found.attachments)) == (words, what, files)


HOSTILE = {
    **message("m1", "hello", "https://oapi.dingtalk.com/x"),
    "text": {"content": "and?", "repliedMsg": {"msgId": "m0", "msgType": "text", "content": {"text": "x"}}},
}
RICH = {
    **HOSTILE,
    "msgtype": "richText",
    "content": {"richText": [{"text": "a"}, {"downloadCode": "d", "fileSize": 1}]},
}


@pytest.mark.parametrize("payload", [HOSTILE, RICH])
def test_no_payload_breaks_the_translation(payload):
    assert survived(payloads.inbound, mutations(payload)) > 0


# The dialect.


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**b** *i* ~~s~~ `c`", "**b** *i* ~~s~~ `c`"),
        ("# Head", "# Head"),
        ("[docs](https://x.y)", "[docs](https://x.y)"),
        ("[docs](/relative)", "docs (/relative)"),
        ("> one\n> two", "> one  \n> two"),
        ("- a\n- b\n  - c", "• a  \n• b  \n\u00a0\u00a0• c"),
        ("one\ntwo\n\nthree", "one  \ntwo\n\nthree"),
        ("```py\nif x:\n    y\n```", "```py\nif x:\n    y\n```"),
        ("````\n```\n  a\n  b\n```\n````", "````\n```\n  a\n  b\n```\n````"),
    ],
)
def test_dingtalks_markdown(markdown, written):
    (part,) = rendering.parts(markdown, "dingtalk")
    assert lined(part.text) == written


@pytest.mark.parametrize("limit", [60, 200])
def test_no_part_is_longer_than_the_limit(limit):
    text = (
        "# Head\n\n" + "word **bold** [l](https://x.y/z)\nnext\n" * 30 + "```py\n" + "x = 1\n" * 40 + "```\n\n> quote"
    )
    parts = rendering.render(text, DingTalk(limit))
    assert len(parts) > 5
    assert max(len(lined(part.text)) for part in parts) <= limit
