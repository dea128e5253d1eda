"""Slack's markup as people read it."""

import pytest

from apps.platforms.adapters.slack.content import people, readable
from tests.platforms.adapters.slack.support import NAMES


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<@UANN>, <@UNEW> and <@UOLD|old>", "@Ann Lee, @UNEW and @old"),
        ("<#C1|general> <#C2|>", "#general #C2"),
        ("<!here> <!subteam^S1|@team> <!subteam^S1> <!date^1^{date}|Monday>", "@here @team @subteam Monday"),
        (
            "<https://x.y> <https://x.y|https://x.y> <https://x.y/a|docs>",
            "https://x.y https://x.y docs (https://x.y/a)",
        ),
        ("<mailto:a@b.c|a@b.c> <tel:+1|+1>", "a@b.c +1"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2, &amp;lt;", "1 < 2 && 3 > 2, &lt;"),
        ("<> <|x> <@> < a", "<> <|x> @ < a"),
    ],
)
def test_slacks_markup_as_people_read_it(written, text):
    assert readable(written, NAMES.people) == text


def test_only_so_many_names_are_looked_up():
    assert len(people(" ".join(f"<@U{number}>" for number in range(500)))) == 20
