"""What a message contains, and what stands for things without words."""

import pytest

from apps.platforms.base import PayloadError
from tests.fakes.feishu_api import BOT_MENTION
from tests.platforms.adapters.feishu.support import of_type, post, translated


def test_a_text_with_many_mentions_names_each():
    people = [{"key": f"@_user_{n}", "id": {"open_id": f"ou_{n}"}, "name": f"P{n}"} for n in range(1, 12)]
    message = translated(text="@_user_1 and @_user_11 and @_user_99", mentions=people)
    assert message.text == "@P1 and @P11 and @_user_99"
    assert not message.mentions_bot


@pytest.mark.parametrize(
    ("message_type", "content", "text", "kind", "source"),
    [
        ("image", {"image_key": "img"}, "[image]", "image", ("img", "image")),
        ("file", {"file_key": "f", "file_name": "a.txt"}, "[file: a.txt]", "file", ("f", "file")),
        ("audio", {"file_key": "f", "duration": 2}, "[voice message]", "voice", ("f", "file")),
        ("media", {"file_key": "f", "file_name": "v.mp4"}, "[video: v.mp4]", "video", ("f", "file")),
        ("file", {"file_key": "../../x"}, "[file]", "file", None),
        ("sticker", {"file_key": "f"}, "[sticker]", "sticker", None),
        ("interactive", {"title": "Poll", "elements": []}, "[card: Poll]", "other", None),
        ("share_chat", {"chat_id": "oc"}, "[shared chat]", "other", None),
        ("merge_forward", {"content": "x"}, "[forwarded messages]", "other", None),
        ("location", {"name": "Pier"}, "[location: Pier]", "other", None),
        ("invented_today", {}, "[invented_today]", "other", None),
        ("<script>", {}, "[message]", "other", None),
    ],
)
def test_every_kind_of_message_says_something(message_type, content, text, kind, source):
    message = of_type(message_type, content)
    assert (message.text, message.kind) == (text, kind)
    found = [(file.source["key"], file.source["type"]) for file in message.attachments]
    assert found == ([source] if source else [])


def test_a_rich_text_is_read():
    message = post(
        [
            {"tag": "at", "user_id": "@_user_1"},
            {"tag": "text", "text": " see "},
            {"tag": "a", "text": "it", "href": "x"},
        ],
        [{"tag": "img", "image_key": "i"}, {"tag": "emotion", "emoji_type": "SMILE"}, {"tag": "hr"}],
        [{"tag": "code_block", "language": "PYTHON", "text": "1 + 1"}],
        mentions=[BOT_MENTION],
    )
    assert message.text == "@Andy see it (x)\n[image][SMILE]———\n```python\n1 + 1\n```"
    assert message.mentions_bot
    assert len(message.attachments) == 1


def test_a_rich_text_under_a_language_is_read():
    assert of_type("post", {"zh_cn": {"title": "题", "content": [[{"tag": "text", "text": "文"}]]}}).text == "题\n文"


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 5000, "7"])
def test_a_content_that_makes_no_sense_is_an_error(content):
    with pytest.raises(PayloadError):
        translated(content=content)
