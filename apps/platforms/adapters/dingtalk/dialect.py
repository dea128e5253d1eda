"""Writes DingTalk's markdown: a subset, in which a line ends with two spaces, and margins are not kept.

It documents no escapes. No limit of characters is published, one of 20,000 bytes is; 4,000 characters keep below it.
"""

import re

from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Mark, Style

MARKS = {Style.BOLD: "**", Style.ITALIC: "*", Style.STRIKE: "~~", Style.CODE: "`"}
FENCE = "```"
FENCED = re.compile(r"^(`{3,})[^\n]*\n.*?^\1$", re.DOTALL | re.MULTILINE)
LINE = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)
LINE_END = re.compile(r"(?<!\n)\n(?!\n)")
MARGIN = re.compile(r"^ +", re.MULTILINE)
LINKABLE = re.compile(r"(?:https?|dingtalk|mailto|tel):", re.IGNORECASE)


def lined(written: str) -> str:
    """With the line ends and margins that DingTalk shows; code stays as it is."""
    done, position = "", 0
    for code in FENCED.finditer(written):
        done += _lined(written[position : code.start()]) + code[0]
        position = code.end()
    return done + _lined(written[position:])


def _lined(text: str) -> str:
    kept = MARGIN.sub(lambda margin: "\u00a0" * len(margin[0]), text)
    return LINE_END.sub("  \n", kept)


class DingTalk(Dialect):
    def __init__(self, limit: int = 4000) -> None:
        super().__init__(limit)

    def size(self, written: str) -> int:
        return len(lined(written))

    def mark(self, inner: str, mark: Mark) -> str:
        if mark.style is Style.LINK:
            is_link = LINKABLE.match(mark.href) and inner.strip() and "\n" not in inner and " " not in mark.href
            return f"[{inner}]({mark.href})" if is_link else super().mark(inner, mark)
        return "\n".join(_signed(line, MARKS[mark.style]) for line in inner.split("\n"))

    def heading(self, inner: str, level: int) -> str:
        return f"{'#' * level} {inner}" if "\n" not in inner else inner

    def code(self, text: str, language: str) -> str:
        fence = FENCE
        while fence in text:
            fence += "`"
        return f"{fence}{re.sub(r'[^A-Za-z0-9_+#.-]', '', language)}\n{text}\n{fence}"


def _signed(line: str, sign: str) -> str:
    before, words, after = LINE.fullmatch(line).groups()  # type: ignore[union-attr]  # it matches every line
    return f"{before}{sign}{words}{sign}{after}" if words and sign not in words else line


DIALECT = DingTalk()
