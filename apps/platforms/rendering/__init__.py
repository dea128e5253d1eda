"""The agent's markdown in each platform's dialect, in parts that fit.

A platform's dialect is one small file in its own folder: `dialect.py`, with a subclass of Dialect and its DIALECT.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import NamedTuple, cast

from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Block
from apps.platforms.rendering.parsing import parse
from apps.platforms.rendering.splitting import split
from apps.platforms.rendering.writing import write

PLAIN = Dialect()


@cache
def dialect_named(name: str) -> Dialect | None:
    """A platform's own; "plain"; None for "web": the page renders the markdown itself."""
    if name == "web":
        return None
    if name == "plain":
        return PLAIN
    return cast(Dialect, import_module(f"apps.platforms.adapters.{name}.dialect").DIALECT)


class Part(NamedTuple):
    """One message as the platform takes it, and the same without markup, should the platform refuse that."""

    text: str
    plain: str


def parts(text: str, dialect: str) -> list[Part]:
    """None over the platform's limit; the same text always gives the same parts."""
    chosen = dialect_named(dialect)
    return [Part(text, text)] if chosen is None else render(text, chosen)


def render(text: str, dialect: Dialect) -> list[Part]:
    def both(blocks: Sequence[Block]) -> Part:
        return Part(write(blocks, dialect), write(blocks, PLAIN))

    def fits(blocks: Sequence[Block]) -> bool:
        part = both(blocks)
        return dialect.size(part.text) <= dialect.limit and dialect.units(part.plain) <= dialect.limit

    whole = text.encode(errors="replace").decode()  # half a surrogate pair cannot be sent
    return [both(blocks) for blocks in split(parse(whole), fits)]
