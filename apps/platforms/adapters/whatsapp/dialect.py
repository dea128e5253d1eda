"""Writes WhatsApp's own marks. It knows no escape, and a mark must touch its words within one line."""

import re

from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Mark, Style

MARKS = {Style.BOLD: "*", Style.ITALIC: "_", Style.STRIKE: "~", Style.CODE: "`"}
LINE = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)


class WhatsApp(Dialect):
    def __init__(self, limit: int = 4096) -> None:
        super().__init__(limit)

    def mark(self, inner: str, mark: Mark) -> str:
        if mark.style is Style.LINK:
            return super().mark(inner, mark)
        sign = MARKS[mark.style]
        return "\n".join(_signed(line, sign) for line in inner.split("\n"))

    def heading(self, inner: str, level: int) -> str:
        return "\n".join(_signed(line, "*") for line in inner.split("\n"))

    def code(self, text: str, language: str) -> str:
        return f"```{text}```"


def _signed(line: str, sign: str) -> str:
    before, words, after = LINE.fullmatch(line).groups()  # type: ignore[union-attr]  # it matches every line
    if not words or sign in words:
        return line
    return f"{before}{sign}{words}{sign}{after}"


DIALECT = WhatsApp()
