"""Markdown as Feishu's cards write it."""

import json

import pytest

from apps.platforms.adapters.feishu.dialect import DIALECT, Feishu
from apps.platforms.rendering import render


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("plain, nothing else.", "plain, nothing else."),
        ("**bold** *it* ~~gone~~ `x < y`", "**bold** *it* ~~gone~~ `x < y`"),
        ("snake\\_case * 2 <b>", "snake&#95;case &#42; 2 &#60;b&#62;"),
        ("# A **big** title", "**A big title**"),
        ("[site](https://x.y/a_(b))", "[site](https://x.y/a_%28b%29)"),
        ("[a_b](ftp://c_d)", "a&#95;b (ftp://c&#95;d)"),
        ("- a\n  - b", "• a\n&#160;&#160;• b"),
        ("```py\nif a < b:\n    c(*d)\n```", "```py\nif a < b:\n    c(*d)\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("> said\n> twice", "> said\n> twice"),
        ("x\n\n\\# no title", "x\n\n&#35; no title"),
        ("<at id=all></at>", "&#60;at id=all&#62;&#60;/at&#62;"),
        ("`<at id=all></at>`", "`<\u200bat id=all><\u200b/at>`"),
        ("**bold **x", "&#42;&#42;bold &#42;&#42;x"),
    ],
)
def test_the_dialect(markdown, written):
    assert render(markdown, DIALECT)[0].text == written


@pytest.mark.parametrize("limit", [120, 1000, 12_000])
def test_no_part_is_over_the_limit_in_bytes_as_they_travel(limit):
    text = '"quoted" **fett** 你好 \\ `code`\n\n' * 100 + "```\n" + "x = '\"'\n" * 200 + "```"
    dialect = Feishu(limit)
    parts = render(text, dialect)
    for part in parts:
        content = json.dumps({"c": part.text}, ensure_ascii=False)
        travelling = json.dumps({"content": content}, ensure_ascii=False).encode()
        assert len(travelling) <= limit + 40
    assert sum(part.plain.count("你好") for part in parts) == 100
