import random
import re

import pytest

from apps.platforms.adapters.telegram.dialect import Telegram
from apps.platforms.rendering import parts, render
from apps.platforms.rendering.dialect import Dialect


@pytest.mark.parametrize(("length", "lengths"), [(4096, [4096]), (4097, [4096, 1])])
def test_telegrams_limit_is_exact(length, lengths):
    assert [len(part.text) for part in parts("x" * length, "telegram")] == lengths


def test_telegram_counts_utf_16_and_splits_no_surrogate_pair():
    split = parts("😀" * 2049, "telegram")
    assert [part.text for part in split] == ["😀" * 2048, "😀"]


def test_escapes_count_as_what_they_show():
    assert len(parts("<" * 4096, "telegram")) == 1


def test_a_fence_is_closed_and_opened_again_with_its_language():
    first, second = render("```py\n" + "x = 1\n" * 30 + "```", Telegram(100))[:2]
    for part in (first, second):
        assert part.text.startswith('<pre><code class="language-py">x = 1\n')
        assert part.text.endswith("x = 1</code></pre>")


def test_bold_that_is_cut_is_bold_on_both_sides():
    for part in render("**" + "word " * 50 + "end**", Telegram(60)):
        assert part.text.startswith("<b>")
        assert part.text.endswith("</b>")


def test_the_cut_prefers_paragraphs_then_lines_then_sentences_then_words():
    paragraphs = "a" * 30 + "\n\n" + "b" * 30
    assert [part.text for part in render(paragraphs, Dialect(50))] == ["a" * 30, "b" * 30]
    lines = "a" * 30 + "\n" + "b b b" * 6
    assert render(lines, Dialect(50))[0].text == "a" * 30
    sentences = "One is here. Two is here. Three is much longer here"
    assert render(sentences, Dialect(40))[0].text == "One is here. Two is here."
    words = "one two three four five six seven eight nine ten"
    assert render(words, Dialect(30))[0].text == "one two three four five six"


def test_an_accent_stays_with_its_letter():
    split = render("e\u0301" * 30, Dialect(21))
    assert all(part.text[0] == "e" for part in split)


def test_a_link_whose_address_is_too_long_gives_up_the_address():
    split = parts(f"[text](https://x.y/{'z' * 20_000})", "telegram")
    assert [part.text for part in split] == ["text"]


WORDS = ["word", "Straße", "你好。", "😀", "a<b", "x&y", "e\u0301te\u0301", "end.", "snake_case", "https://x.y/z?q=1"]


def _random_markdown(rng: random.Random) -> tuple[str, list[str]]:
    """A text, and the numbered words that must survive in order."""
    kept: list[str] = []

    def words(most: int = 30) -> str:
        chosen = []
        for _ in range(rng.randint(1, most)):
            kept.append(f"n{len(kept)}n")
            chosen.append(
                rng.choice(["{0}", "**{0}**", "*{0} {1}*", "`{0}`", "[{0}](https://e.org/{1})", "~~{0}~~"]).format(
                    kept[-1], "y" * rng.randint(1, 9)
                )
            )
            chosen.append(rng.choice(WORDS))
        return rng.choice([" ", " ", "\n"]).join(chosen)

    def code() -> str:
        kept.append(f"n{len(kept)}n")
        return f"```{rng.choice(['', 'py', 'c++'])}\n{kept[-1]}\n{'if x < y:  # 你好' * rng.randint(1, 40)}\n```"

    def items() -> str:
        return "\n".join(
            f"{rng.choice(['- ', '  - ', '* '])}{words(6)}".replace("\n", " ") for _ in range(rng.randint(1, 6))
        )

    def table() -> str:
        first, second = words(2).replace("\n", " "), words(2).replace("\n", " ")
        return f"| {first} | {second} |\n|---|---|\n| x | 你好 |"

    shapes = [
        words,
        code,
        items,
        table,
        lambda: f"# {words(4)}".replace("\n", " "),
        lambda: f"> {words(8)}".replace("\n", " "),
    ]
    return "\n\n".join(rng.choice(shapes)() for _ in range(rng.randint(1, 12))), kept


@pytest.mark.parametrize("seed", range(60))
def test_no_part_is_over_the_limit_and_no_word_is_lost(seed):
    rng = random.Random(seed)
    text, kept = _random_markdown(rng)
    for dialect in (Telegram(rng.randint(40, 600)), Dialect(rng.randint(40, 600))):
        split = render(text, dialect)
        assert all(dialect.size(part.text) <= dialect.limit for part in split)
        assert all(dialect.units(part.plain) <= dialect.limit for part in split)
        assert not isinstance(dialect, Telegram) or all(_is_balanced(part.text) for part in split)
        assert re.findall(r"n\d+n", "".join(part.plain for part in split)) == kept


def _is_balanced(html: str) -> bool:
    """Every tag is closed, in the right order."""
    open_tags: list[str] = []
    for closing, name in re.findall(r"<(/?)(b|i|s|a|code|pre|blockquote)\b[^>]*>", html):
        if not closing:
            open_tags.append(name)
        elif not open_tags or open_tags.pop() != name:
            return False
    return not open_tags
