"""Markdown as WeCom writes it."""

import pytest

from apps.platforms import rendering

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**bold** *it* ~~gone~~ `x`", "**bold** it gone `x`"),
        ("## Head", "## Head"),
        ("[t](https://x.y)", "[t](https://x.y)"),
        ("```py\nx\n```", "x"),
        ("> said", "> said"),
        ("**two\nlines**", "**two**\n**lines**"),
    ],
)
def test_an_apps_markdown(markdown, written):
    assert [part.text for part in rendering.parts(markdown, "wecom")] == [written]


@pytest.mark.parametrize(("dialect", "limit"), [("wecom", 2048), ("wecom.aibot", 20480)])
def test_no_part_is_over_the_limit(dialect, limit):
    text = "**你好** `码` " * 300 + "\n\n```\n" + "行\n" * 6000 + "```"
    parts = rendering.parts(text, dialect)
    assert all(len(part.text.encode()) <= limit and len(part.plain.encode()) <= limit for part in parts)
    assert sum(part.plain.count("行") for part in parts) == 6000
