"""CommonMark (with tables and strikethrough) read into blocks; nothing the agent wrote vanishes."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from apps.platforms.rendering.document import Block, Kind, Mark, Span, Style

# Raw HTML and link definitions stay text. The nesting limit drops what is deeper, so it is far off.
PARSER = MarkdownIt("commonmark", {"html": False, "maxNesting": 100})
PARSER.enable(["table", "strikethrough"]).disable(["reference", "html_block", "html_inline"])

STYLES = {"strong": Style.BOLD, "em": Style.ITALIC, "s": Style.STRIKE}
DEEPEST = 12  # characters of indentation
RULE = "———"


@dataclass(frozen=True, slots=True)
class _Place:
    """What surrounds a block."""

    indent: int = 0
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class _Sourced:
    """A block and the source lines [first, last) it was read from."""

    block: Block
    first: int
    last: int


def parse(text: str) -> list[Block]:
    try:
        sourced = list(_blocks(SyntaxTreeNode(PARSER.parse(text)), _Place()))
    except RecursionError:  # emphasis within emphasis, some hundred times: nobody means it, and the words stay
        sourced = []
    if not sourced and text.strip():
        return [Block(Kind.TEXT, (Span(text.strip()),))]
    ends = [0, *(each.last for each in sourced)]
    return [replace(each.block, tight=each.first <= end) for each, end in zip(sourced, ends, strict=False)]


def _blocks(node: SyntaxTreeNode, place: _Place) -> Iterator[_Sourced]:
    for child in node.children:
        if child.type == "blockquote":
            yield from _blocks(child, replace(place, quoted=True))
        elif child.type in ("bullet_list", "ordered_list"):
            yield from _list(child, place)
        else:
            first, last = child.map or (0, 0)
            block = replace(_leaf(child), indent=place.indent, quoted=place.quoted)
            yield _Sourced(block, first, last)


def _list(node: SyntaxTreeNode, place: _Place) -> Iterator[_Sourced]:
    number = int(node.attrs.get("start", 1))
    for item in node.children:
        marker = "• " if node.type == "bullet_list" else f"{number}. "
        number += 1
        inside = replace(place, indent=min(place.indent + len(marker), DEEPEST))
        for position, sourced in enumerate(_blocks(item, inside)):
            first = sourced.block
            yield replace(sourced, block=replace(first, marker=marker + first.marker)) if position == 0 else sourced


def _leaf(node: SyntaxTreeNode) -> Block:
    if node.type in ("fence", "code_block"):
        language = node.info.split(maxsplit=1)[0] if node.info.strip() else ""
        return Block(Kind.CODE, (Span(node.content.rstrip("\n")),), language=language)
    if node.type == "table":
        return Block(Kind.CODE, (Span(_aligned(_rows(node))),))
    if node.type == "hr":
        return Block(Kind.TEXT, (Span(RULE),))
    spans = tuple(span for child in node.children for span in _spans(child, ()))
    if node.type == "heading":
        return Block(Kind.HEADING, spans, level=int(node.tag[1:]))
    return Block(Kind.TEXT, spans or (Span(node.content),))


def _spans(node: SyntaxTreeNode, marks: tuple[Mark, ...]) -> Iterator[Span]:
    if node.type in ("softbreak", "hardbreak"):
        yield Span("\n", marks)
    elif node.type == "code_inline":
        yield Span(node.content, (*marks, Mark(Style.CODE)))
    elif node.type == "image":
        source = str(node.attrs["src"])
        yield Span(node.content or source, (*marks, Mark(Style.LINK, source)))
    elif node.children:
        inner = (*marks, *_new_mark(node, marks))
        for child in node.children:
            yield from _spans(child, inner)
    elif text := node.content:
        yield Span(text, marks)


def _new_mark(node: SyntaxTreeNode, marks: Iterable[Mark]) -> Iterator[Mark]:
    """A mark within itself adds nothing."""
    if node.type == "link":
        yield Mark(Style.LINK, str(node.attrs["href"]))
    elif node.type in STYLES and STYLES[node.type] not in {mark.style for mark in marks}:
        yield Mark(STYLES[node.type])


def _rows(table: SyntaxTreeNode) -> list[list[str]]:
    rows = [row for section in table.children for row in section.children]
    return [[_cell(cell) for cell in row.children] for row in rows]


def _cell(node: SyntaxTreeNode) -> str:
    spans = [span for child in node.children for span in _spans(child, ())]
    return "".join(_with_target(span) for span in spans).replace("\n", " ")


def _with_target(span: Span) -> str:
    """Inside a table a link cannot be one, so its target is written out."""
    targets = [mark.href for mark in span.marks if mark.style is Style.LINK and mark.href != span.text]
    return f"{span.text} ({targets[0]})" if targets else span.text


def _aligned(rows: list[list[str]]) -> str:
    """Columns of equal width under a fixed-width font, in which East Asian characters are two wide."""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)) for row in rows
    ]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _width(text: str) -> int:
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
