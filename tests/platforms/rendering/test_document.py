"""A block is cut anywhere, and keeps how its text looks."""

from apps.platforms.rendering.document import Block, Kind, Mark, Span, Style

BOLD, LINK = Mark(Style.BOLD), Mark(Style.LINK, "https://x.y")
ITEM = Block(Kind.TEXT, (Span("one "), Span("two ", (BOLD,)), Span("three", (BOLD, LINK))), marker="• ", indent=2)


def test_its_text_is_that_of_its_spans():
    assert ITEM.text == "one two three"


def test_a_cut_within_spans_leaves_each_its_marks():
    head, tail = ITEM.cut(0, 6), ITEM.cut(6)
    assert head.spans == (Span("one "), Span("tw", (BOLD,)))
    assert tail.spans == (Span("o ", (BOLD,)), Span("three", (BOLD, LINK)))
    assert head.text + tail.text == ITEM.text


def test_only_the_beginning_has_the_marker():
    assert (ITEM.cut(0, 6).marker, ITEM.cut(6).marker) == ("• ", "")
    assert ITEM.cut(6).indent == ITEM.indent


def test_a_cut_at_the_end_of_a_span_leaves_no_empty_one():
    assert ITEM.cut(0, 4).spans == (Span("one "),)
    assert ITEM.cut(4, 8).spans == (Span("two ", (BOLD,)),)
    assert ITEM.cut(len(ITEM.text)).spans == ()


def test_bare_it_has_the_same_text_and_no_marks():
    assert ITEM.bare().spans == (Span("one two three"),)
    assert (ITEM.bare().marker, ITEM.bare().kind) == (ITEM.marker, ITEM.kind)
