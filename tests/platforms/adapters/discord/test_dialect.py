"""Markdown as Discord writes it."""

import pytest

from apps.platforms import rendering


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**bold** *it* ~~gone~~ `a_b`", "**bold** *it* ~~gone~~ `a_b`"),
        ("# One\n\n#### Four", "# One\n\n**Four**"),
        ("2 * 3 * 4 and snake_case_name", "2 \\* 3 \\* 4 and snake\\_case\\_name"),
        ("[site](https://example.org/a_b)", "[site](<https://example.org/a_b>)"),
        ("https://example.org/a_b_c*d", "https://example.org/a_b_c*d"),
        ("[x](ftp://h/a_b)", "x (ftp://h/a\\_b)"),
        ("- one\n- two", "• one\n• two"),
        ("> said", "> said"),
        ("1 \\# no heading", "1 # no heading"),
        ("\\# no heading", "\\# no heading"),
        ("||no spoiler||", "\\|\\|no spoiler\\|\\|"),
        ("```python\nx = '*_'\n```", "```python\nx = '*_'\n```"),
        ("~~~\na ``` b\n~~~", "```\na `\u200b`` b\n```"),
        ("`` a ` b ``", "`` a ` b ``"),
        ("|a|b|\n|-|-|\n|1|2|", "```\na | b\n--+--\n1 | 2\n```"),
    ],
)
def test_markdown_becomes_discords(markdown, written):
    assert [part.text for part in rendering.parts(markdown, "discord")] == [written]


@pytest.mark.parametrize(
    "text", ["a" * 5000, "2 * 3 " * 800, "😀" * 1500, "word " * 900, "```\n" + "line_\n" * 900 + "```"]
)
def test_no_part_is_over_the_limit_and_nothing_is_lost(text):
    parts = rendering.parts(text, "discord")
    assert all(len(part.text.encode("utf-16-le")) // 2 <= 2000 for part in parts)
    kept = "".join(part.plain for part in parts)
    assert "".join(kept.split()) == "".join(text.replace("```", "").split())


def test_code_is_closed_and_opened_again():
    first, second = rendering.parts("```py\n" + "x = 1\n" * 400 + "```", "discord")
    assert first.text.startswith("```py\n")
    assert first.text.endswith("\n```")
    assert second.text.startswith("```py\n")
