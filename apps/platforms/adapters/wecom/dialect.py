"""Writes the markdown that WeCom shows in an app's messages. It counts bytes: a Chinese character is three."""

from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Mark, Style

MOST_HEADING = 6


class WeCom(Dialect):
    def __init__(self, limit: int = 2048) -> None:  # bytes ("Send application messages": text and markdown alike)
        super().__init__(limit)

    def units(self, text: str) -> int:
        return len(text.encode())

    def mark(self, inner: str, mark: Mark) -> str:
        if mark.style is Style.BOLD:
            return each_line(inner, "**")
        if mark.style is Style.CODE:
            return each_line(inner, "`")
        if mark.style is Style.LINK and mark.href.startswith(("http://", "https://")) and ")" not in mark.href:
            return f"[{inner}]({mark.href})"
        return super().mark(inner, mark)

    def heading(self, inner: str, level: int) -> str:
        return f"{'#' * min(level, MOST_HEADING)} {inner}"


def each_line(inner: str, sign: str) -> str:
    """A mark must not reach over a line's end, and is nothing around nothing."""
    return "\n".join(f"{sign}{line}{sign}" if line.strip() and sign not in line else line for line in inner.split("\n"))


DIALECT = WeCom()
