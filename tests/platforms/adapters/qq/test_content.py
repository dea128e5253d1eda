"""Segments and CQ codes as words."""

import pytest

from apps.platforms.adapters.qq import payloads
from apps.platforms.adapters.qq.content import segments
from tests.fakes.qq_onebot import SELF_ID
from tests.platforms.adapters.qq.support import read, recorded


@pytest.mark.parametrize(
    ("segment", "words", "kind"),
    [
        ({"type": "image", "data": {"url": "https://x.y/a"}}, "[image]", "image"),
        ({"type": "mface", "data": {"summary": "[赞]", "url": "https://x.y/a"}}, "[sticker: 赞]", "sticker"),
        ({"type": "record", "data": {"file": "a.amr"}}, "[voice message]", "voice"),
        ({"type": "video", "data": {}}, "[video]", "video"),
        ({"type": "file", "data": {"file": "a.pdf"}}, "[file: a.pdf]", "file"),
        ({"type": "face", "data": {"id": "14"}}, "[face]", "text"),
        ({"type": "json", "data": {"data": "{}"}}, "[json]", "text"),
        ({"type": "future", "data": None}, "[future]", "text"),
        ({"type": "at", "data": {"qq": 77, "name": "Bob"}}, "@Bob", "text"),
        ({"type": "at", "data": {"qq": "77"}}, "@77", "text"),
    ],
)
def test_each_kind_of_segment_has_words(segment, words, kind):
    message = read([segment])
    assert (message.text, message.kind) == (words, kind)


def test_text_with_cq_codes_says_the_same_as_segments():
    code = f"[CQ:reply,id=554][CQ:at,qq={SELF_ID}] a &#91;b&#93; &amp;amp; [CQ:image,file=a&#44;b.png,url=https://x.y/?a=1&amp;b=2]"
    reply, mention, words, picture = segments(code)
    assert (reply.data["id"], mention.data["qq"], words.data["text"]) == ("554", str(SELF_ID), " a [b] &amp; ")
    assert picture.data == {"file": "a,b.png", "url": "https://x.y/?a=1&b=2"}
    assert payloads.answered(recorded(code)) == "554"
