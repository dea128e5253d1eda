"""What OneBot sends: pure functions, nothing connected."""

import pytest

from apps.platforms import rendering
from apps.platforms.adapters.qq import payloads
from apps.platforms.adapters.qq.content import segments
from apps.platforms.adapters.qq.payloads import Me, Quoted
from tests.fakes.qq_onebot import SELF_ID, at, text
from tests.platforms.adapters.qq.support import image, recorded
from tests.platforms.fuzz import mutations, survived

ME = Me(str(SELF_ID), "Bot")


def read(message, **fields):
    return payloads.inbound(recorded(message, **fields), ME)


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


def test_a_message_in_the_products_words():
    message = read([at(), text(" hi")])
    assert (message.chat_id, message.external_id, message.sender_name) == ("group_777", "-555.1700000000", "Annie")
    assert message.mentions_bot
    assert not read([at(42), text(" hi")]).mentions_bot
    assert read([at("all"), text("hi")]).text == "@all hi"
    assert read([at()]).text == "@Bot"
    assert read([]) is None


def test_anonymous_writers_have_an_id_of_their_own():
    message = read([text("hi")], user_id=80000000, anonymous={"id": 5, "name": "大象", "flag": "x"})
    assert (message.sender_id, message.sender_name) == ("anonymous_5", "大象")


def test_text_with_cq_codes_says_the_same_as_segments():
    code = f"[CQ:reply,id=554][CQ:at,qq={SELF_ID}] a &#91;b&#93; &amp;amp; [CQ:image,file=a&#44;b.png,url=https://x.y/?a=1&amp;b=2]"
    reply, mention, words, picture = segments(code)
    assert (reply.data["id"], mention.data["qq"], words.data["text"]) == ("554", str(SELF_ID), " a [b] &amp; ")
    assert picture.data == {"file": "a,b.png", "url": "https://x.y/?a=1&b=2"}
    assert payloads.answered(recorded(code)) == "554"


HOSTILE = recorded(
    [{"type": "reply", "data": {"id": "554"}}, at(), text("hi"), image("https://x.y/a.png")],
    anonymous={"id": 1, "name": "x"},
)


@pytest.mark.parametrize("group", range(10))
def test_no_payload_breaks_the_translation(group):
    def translate(payload):
        answer = payloads.answered(payload)
        quote = payloads.quoted(answer, payload, ME) if answer else None
        assert isinstance(quote, Quoted | None)
        payloads.title_of(payload)
        payloads.is_offline(payload.get("status"))
        payloads.group_of(payload)
        return payloads.inbound(payload, ME, quote)

    objects = [payload for payload in mutations(HOSTILE)[group::10] if isinstance(payload, dict)]  # as the link has it
    assert survived(translate, objects) > 0


def test_markdown_becomes_plain_text():
    (part,) = rendering.parts("# Title\n**bold** [docs](https://x.y)\n\n- a\n- b\n\n```py\nx = 1\n```", "qq")
    assert part.text == "Title\nbold docs (https://x.y)\n\n• a\n• b\n\nx = 1"
