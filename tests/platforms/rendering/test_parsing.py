import pytest

from apps.platforms.rendering import PLAIN, parts, render
from apps.platforms.rendering.dialect import Dialect


def test_emphasis_that_nests_too_deep_to_be_read_stays_as_it_was_written():
    text = "*a _b " * 800 + "c_ d* " * 800
    (part,) = render(text, Dialect(limit=20_000))
    assert part.text == text.strip()


@pytest.mark.parametrize("text", ["[" * 5000, "> " * 3000 + "x", "*a _b " * 3000, "`" * 9001, "- " * 400 + "x"])
def test_hostile_markdown_takes_no_time_and_keeps_the_limit(text):
    assert all(len(part.text) <= PLAIN.limit for part in parts(text, "plain"))
