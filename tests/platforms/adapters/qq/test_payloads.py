"""OneBot's events in the product's words, the hostile ones too."""

import pytest

from apps.platforms.adapters.qq import payloads
from apps.platforms.adapters.qq.payloads import Quoted
from tests.fakes.qq_onebot import at, text
from tests.platforms.adapters.qq.support import ME, image, read, recorded
from tests.platforms.fuzz import mutations, survived


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
