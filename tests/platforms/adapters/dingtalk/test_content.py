"""What a message contains, and what stands for things without words."""

import pytest

from tests.platforms.adapters.dingtalk.support import read


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
