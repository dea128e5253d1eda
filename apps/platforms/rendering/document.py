"""What the agent wrote, as a flat list of blocks made of styled spans: easy to cut anywhere, easy to write."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum


class Style(Enum):
    BOLD = "bold"
    ITALIC = "italic"
    STRIKE = "strike"
    CODE = "code"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Mark:
    """How a span looks; `href` for links only."""

    style: Style
    href: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text and its marks, the outermost first."""

    text: str
    marks: tuple[Mark, ...] = ()


class Kind(Enum):
    TEXT = "text"
    HEADING = "heading"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item or code block; a tight one follows the one before without a blank line."""

    kind: Kind
    spans: tuple[Span, ...]
    level: int = 0  # of a heading
    language: str = ""  # of code
    marker: str = ""  # of a list item: "• " or "3. "
    indent: int = 0  # characters before the text, the marker's among them
    quoted: bool = False
    tight: bool = False

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)

    def cut(self, start: int, end: int | None = None) -> "Block":
        """The same block with only these characters; a continuation has no marker."""
        return replace(self, spans=tuple(_cut(self.spans, start, end)), marker="" if start else self.marker)

    def bare(self) -> "Block":
        """The same text without any marks."""
        return replace(self, spans=(Span(self.text),))


def _cut(spans: Iterable[Span], start: int, end: int | None) -> Iterator[Span]:
    position = 0
    for span in spans:
        left = max(start - position, 0)
        right = len(span.text) if end is None else min(end - position, len(span.text))
        if left < right:
            yield replace(span, text=span.text[left:right])
        position += len(span.text)
