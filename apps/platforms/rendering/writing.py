"""Blocks written in a dialect."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Block, Kind, Span


def write(blocks: Sequence[Block], dialect: Dialect) -> str:
    written = ""
    for quoted, group in groupby(blocks, key=_is_in_quote):
        members = list(group)
        body = _joined(members, dialect)
        written += _gap(members[0], written) + (dialect.quote(body) if quoted else body)
    return written


def _is_in_quote(block: Block) -> bool:
    """Code stands beside a quote: few platforms allow it inside one."""
    return block.quoted and block.kind is not Kind.CODE


def _joined(blocks: Iterable[Block], dialect: Dialect) -> str:
    written = ""
    for block in blocks:
        written += _gap(block, written) + _write_block(block, dialect)
    return written


def _gap(block: Block, before: str) -> str:
    if not before:
        return ""
    return "\n" if block.tight else "\n\n"


def _write_block(block: Block, dialect: Dialect) -> str:
    if block.kind is Kind.CODE:
        marker = dialect.escape(f"{block.marker.rstrip()}\n") if block.marker else ""
        return marker + dialect.code(dialect.escape(block.text), block.language)
    margin = " " * block.indent
    first = " " * (block.indent - len(block.marker)) + block.marker
    inner = _inline([replace(span, text=span.text.replace("\n", f"\n{margin}")) for span in block.spans], dialect)
    if block.kind is Kind.HEADING:
        inner = dialect.heading(inner, block.level)
    return dialect.escape(first) + inner


def _inline(spans: Iterable[Span], dialect: Dialect) -> str:
    """Neighbours under one outermost mark are written within it together."""
    written = ""
    for mark, group in groupby(spans, key=lambda span: span.marks[0] if span.marks else None):
        members = list(group)
        if mark is None:
            written += "".join(dialect.escape(span.text) for span in members)
        else:
            inner = _inline([replace(span, marks=span.marks[1:]) for span in members], dialect)
            written += dialect.mark(inner, mark)
    return written
