import random
import re
from typing import Any

import pytest

from apps.platforms.adapters.slack.dialect import DIALECT
from apps.platforms.rendering import parts


def slack(text: str) -> Any:
    (part,) = parts(text, "slack")
    return part.text


@pytest.mark.parametrize(
    ("markdown", "mrkdwn"),
    [
        ("**bold** *it* ~~gone~~ `x < y`", "*bold* _it_ ~gone~ `x &lt; y`"),
        ("**a *b* c**", "*a _b_ c*"),
        ("**two\nlines**", "*two*\n*lines*"),
        ("# Head", "*Head*"),
        ("# Head **x** y", "*Head* *x* *y*"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<!channel> and <@U1>", "&lt;!channel&gt; and &lt;@U1&gt;"),
        ("[t](https://x.y/?a=1&b=2)", "<https://x.y/?a=1&amp;b=2|t>"),
        ("[**t**](https://x.y)", "<https://x.y|t>"),
        ("**[t](https://x.y)**", "*<https://x.y|t>*"),
        ("[a|b](https://x.y/p|q)", "<https://x.y/p%7Cq|a¦b>"),
        ("<https://x.y>", "<https://x.y>"),
        ("[t](/relative)", "t (/relative)"),
        ("[!here](javascript:x)", "[!here](javascript:x)"),
        ("![alt](https://x.y/p.png)", "<https://x.y/p.png|alt>"),
        ("```python\nprint('<')\n```", "```\nprint('&lt;')\n```"),
        ("`` a`b ``", "a`b"),
        ("> quoted\n> more", "> quoted\n> more"),
        ("- a\n- b\n  - c", "• a\n• b\n  • c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("snake_case_name", "snake_case_name"),
        ("| A | B |\n|---|---|\n| 1 | 22 |", "```\nA | B\n--+---\n1 | 22\n```"),
    ],
)
def test_slacks_mrkdwn(markdown, mrkdwn):
    assert slack(markdown) == mrkdwn


def test_a_fence_within_code_does_not_end_it():
    assert slack("~~~\na\n```\nb\n~~~").count("```") == 2


@pytest.mark.parametrize(("length", "lengths"), [(4000, [4000]), (4001, [4000, 1])])
def test_the_limit_is_exact(length, lengths):
    assert [len(part.text) for part in parts("x" * length, "slack")] == lengths


def test_what_is_escaped_counts_as_it_is_sent():
    assert all(len(part.text) <= 4000 for part in parts("&" * 2000, "slack"))
    assert len(parts("&" * 2000, "slack")) == 3


def test_cut_code_is_closed_and_opened_again():
    found = parts("```\n" + "line\n" * 2000 + "```", "slack")
    assert len(found) > 2
    assert all(part.text.startswith("```\n") and part.text.endswith("\n```") for part in found)


def test_no_part_is_over_the_limit_and_no_word_is_lost():
    dice = random.Random(7)
    pieces = ["**b {}**", "*i {}*", "`c {}`", "[l {}](https://x.y/{})", "# h {}\n", "- item {}\n", "> q {}\n", "w{} ",
              "```\ncode {}\n```\n", "\n\n", "&<>{} ", "😀{} ", "| a | b |\n|---|---|\n| {} | 2 |\n\n"]  # fmt: skip
    for _ in range(6):
        text = "".join(dice.choice(pieces).replace("{}", f"n{number}n") for number in range(300))
        found = parts(text, "slack")
        assert all(DIALECT.size(part.text) <= 4000 for part in found)
        whole = " ".join(part.text for part in found)
        assert set(re.findall(r"n\d+n", text)) <= set(re.findall(r"n\d+n", whole))
