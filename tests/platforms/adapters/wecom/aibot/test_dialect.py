"""Markdown as a bot's answers write it."""

import pytest

from apps.platforms import rendering

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**bold** *it* `x`", "**bold** *it* `x`"),
        ("```py\nx\n```", "```py\nx\n```"),
        ("````\n```\n````", "````\n```\n````"),
    ],
)
def test_a_bots_markdown(markdown, written):
    assert [part.text for part in rendering.parts(markdown, "wecom.aibot")] == [written]
