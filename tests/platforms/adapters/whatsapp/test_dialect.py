"""Markdown as WhatsApp writes it."""

import pytest

from apps.platforms import rendering

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**bold** *it* ~~gone~~ `x`", "*bold* _it_ ~gone~ `x`"),
        ("# Head", "*Head*"),
        ("**two\nlines**", "*two*\n*lines*"),
        ("[t](https://x.y)", "t (https://x.y)"),
        ("```py\nx\n```", "```x```"),
        ("> said", "> said"),
        ("- a\n- b", "• a\n• b"),
        ("**2*3**", "2*3"),
    ],
)
def test_whatsapps_marks(markdown, written):
    assert [part.text for part in rendering.parts(markdown, "whatsapp")] == [written]


def test_no_part_is_over_the_limit():
    text = "**word** `code` " * 900 + "\n\n```\n" + "line\n" * 2000 + "```"
    assert all(len(part.text) <= 4096 for part in rendering.parts(text, "whatsapp"))
