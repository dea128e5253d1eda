"""Markdown as DingTalk writes it."""

import pytest

from apps.platforms import rendering
from apps.platforms.adapters.dingtalk.dialect import DingTalk, lined


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
