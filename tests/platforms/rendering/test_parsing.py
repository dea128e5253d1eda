import pytest

from apps.platforms.rendering import PLAIN, parts, render
from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Kind, Mark, Style
from apps.platforms.rendering.parsing import parse


def test_emphasis_that_nests_too_deep_to_be_read_stays_as_it_was_written():
    text = "*a _b " * 800 + "c_ d* " * 800
    (part,) = render(text, Dialect(limit=20_000))
    assert part.text == text.strip()


@pytest.mark.parametrize("text", ["[" * 5000, "> " * 3000 + "x", "*a _b " * 3000, "`" * 9001, "- " * 400 + "x"])
def test_hostile_markdown_takes_no_time_and_keeps_the_limit(text):
    assert all(len(part.text) <= PLAIN.limit for part in parts(text, "plain"))


def test_headings_lists_and_code_become_blocks_of_their_kind():
    heading, first, inner, code = parse("## Plan\n\n- one\n  - two\n\n```py\nx = 1\n```")
    assert (heading.kind, heading.level, heading.text) == (Kind.HEADING, 2, "Plan")
    assert [(item.marker, item.text) for item in (first, inner)] == [("• ", "one"), ("• ", "two")]
    assert inner.indent > first.indent
    assert (code.kind, code.language, code.text) == (Kind.CODE, "py", "x = 1")


def test_what_is_no_markup_stays_text():
    (block,) = parse("<b>no</b> **yes** [x]: y")
    assert block.text == "<b>no</b> yes [x]: y"
    assert [span.text for span in block.spans if span.marks == (Mark(Style.BOLD),)] == ["yes"]
