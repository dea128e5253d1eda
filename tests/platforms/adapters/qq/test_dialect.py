"""Markdown as QQ shows it."""

from apps.platforms import rendering


def test_markdown_becomes_plain_text():
    (part,) = rendering.parts("# Title\n**bold** [docs](https://x.y)\n\n- a\n- b\n\n```py\nx = 1\n```", "qq")
    assert part.text == "Title\nbold docs (https://x.y)\n\n• a\n• b\n\nx = 1"
