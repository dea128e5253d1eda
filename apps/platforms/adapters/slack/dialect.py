"""Writes Slack's mrkdwn ("Formatting text for app surfaces"): no headings, no tables, no escapes but three."""

import re

from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Mark, Style

MARKS = {Style.BOLD: "*", Style.ITALIC: "_", Style.STRIKE: "~", Style.CODE: "`"}
BOLD = re.compile(r"(?<!\w)(\*[^*\n]+\*)(?!\w)")
LINKABLE = re.compile(r"(?:https?|mailto|tel|slack):", re.IGNORECASE)
IN_LINKS = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C", "&": "&amp;", " ": "%20", "\n": "%0A"})


class Slack(Dialect):
    def __init__(self, limit: int = 4000) -> None:
        super().__init__(limit)  # "chat.postMessage": best up to 4,000; "chat.update" takes no more

    def units(self, text: str) -> int:
        """UTF-16 units of what goes over the wire: nowhere is it said what Slack counts, and this is the most."""
        return len(self.escape(text).encode("utf-16-le")) // 2

    def size(self, written: str) -> int:
        return len(written.encode("utf-16-le")) // 2

    def escape(self, text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def mark(self, inner: str, mark: Mark) -> str:
        if mark.style is Style.LINK:
            return self._link(inner, mark.href)
        if mark.style is Style.CODE and "`" in inner:
            return inner  # it cannot be escaped
        return _around(inner, MARKS[mark.style])

    def heading(self, inner: str, level: int) -> str:
        """Bold; what is bold already stays so."""
        pieces = BOLD.split(inner)
        return "".join(piece if number % 2 else _around(piece, "*") for number, piece in enumerate(pieces))

    def code(self, text: str, language: str) -> str:
        return "```\n{}\n```".format(text.replace("```", "``\u200b`"))

    def _link(self, inner: str, href: str) -> str:
        if not LINKABLE.match(href):
            return f"{inner} ({self.escape(href)})"
        shown = inner.replace("\n", " ")
        while len(shown) > 2 and shown[0] == shown[-1] and shown[0] in MARKS.values():
            shown = shown[1:-1]  # within a link Slack formats nothing
        address = href.translate(IN_LINKS)
        return f"<{address}>" if shown in ("", address) else f"<{address}|{shown.replace('|', '¦')}>"


def _around(inner: str, sign: str) -> str:
    """Line by line, and close to the words: elsewhere Slack shows the signs."""
    return "\n".join(_line(line, sign) for line in inner.split("\n"))


def _line(line: str, sign: str) -> str:
    words = line.strip()
    if not words:
        return line
    start = line.index(words)
    return f"{line[:start]}{sign}{words}{sign}{line[start + len(words) :]}"


DIALECT = Slack()
