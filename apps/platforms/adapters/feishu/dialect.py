"""Writes the markdown of Feishu's cards ("Rich text components", JSON 2.0), whose special characters are entities.

A card's request may have 30 KB ("Send message"); long before that nobody reads it. The limit counts bytes as they
travel.
"""

import html
import json
import re

from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Mark, Style

SIGNS = {Style.BOLD: "**", Style.ITALIC: "*", Style.STRIKE: "~~"}
SPECIAL = re.compile(r"[&<>*_~`\[\]\\$]")
LINE_START = re.compile(r"(?m)^(?=[#+=-])(.)")
MARGIN = re.compile(r"(?m)^ {2,}")
MARGIN_SIGN = "&#160;"  # usual spaces at a line's beginning would vanish, or make code of it
AROUND = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)
LINKABLE = re.compile(r"https?:", re.IGNORECASE)
TAG = re.compile(r"<(?=/?[A-Za-z])")
UNSEEN = "\u200b"


class Feishu(Dialect):
    def __init__(self, limit: int = 12_000) -> None:
        super().__init__(limit)

    def units(self, text: str) -> int:
        """Bytes: a card is JSON that travels as a text within JSON."""
        once = json.dumps(text, ensure_ascii=False)[1:-1]
        return len(json.dumps(once, ensure_ascii=False).encode(errors="replace")) - 2

    def escape(self, text: str) -> str:
        text = SPECIAL.sub(_entity, text)
        text = LINE_START.sub(_entity, text)
        return MARGIN.sub(lambda found: MARGIN_SIGN * len(found[0]), text)

    def mark(self, inner: str, mark: Mark) -> str:
        if mark.style is Style.LINK:
            return self._link(inner, mark.href)
        if mark.style is Style.CODE:
            raw = _raw(inner)
            return inner if "`" in raw or "\n" in raw else f"`{harmless(raw)}`"
        return _within(inner, SIGNS[mark.style])

    def heading(self, inner: str, level: int) -> str:
        return _within(inner.replace("**", ""), "**")

    def code(self, text: str, language: str) -> str:
        raw = harmless(_raw(text))
        fence = "`" * max([3, *(len(found) + 1 for found in re.findall(r"`{3,}", raw))])
        plain_name = re.sub(r"[^\w+#.-]", "", language)[:30]
        return f"{fence}{plain_name}\n{raw}\n{fence}"

    def _link(self, inner: str, href: str) -> str:
        if not LINKABLE.match(href):
            return inner if href in (_raw(inner), f"mailto:{_raw(inner)}") else f"{inner} ({self.escape(href)})"
        target = re.sub(r"[\s()<>]", lambda found: f"%{ord(found[0]):02X}", href)
        return f"[{inner}]({target})"


def harmless(text: str) -> str:
    """A tag such as Feishu's <at> stays text, also where there are no entities: in code and in plain texts."""
    return TAG.sub(f"<{UNSEEN}", text)


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def _raw(escaped: str) -> str:
    return html.unescape(escaped.replace(MARGIN_SIGN, " "))


def _within(inner: str, sign: str) -> str:
    """Spaces stay outside: a sign beside one is no sign."""
    found = AROUND.fullmatch(inner)
    before, text, after = found.groups() if found else ("", inner, "")
    return f"{before}{sign}{text}{sign}{after}" if text else inner


DIALECT = Feishu()
