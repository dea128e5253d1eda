"""Writes Telegram's HTML, whose limit counts UTF-16 units after the entities are parsed (Bot API, "sendMessage")."""

import html
import re

from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Mark, Style

TAGS = {Style.BOLD: "b", Style.ITALIC: "i", Style.STRIKE: "s", Style.CODE: "code"}
TAG = re.compile(r"<[^>]*>")
LINKABLE = re.compile(r"(?:https?|tg|mailto|tel):", re.IGNORECASE)
MARKUP_SHARE = 4  # the markup may make a part this many times longer than its limit


class Telegram(Dialect):
    def __init__(self, limit: int = 4096) -> None:
        super().__init__(limit)

    def units(self, text: str) -> int:
        return len(text.encode("utf-16-le")) // 2

    def size(self, written: str) -> int:
        return max(self.units(html.unescape(TAG.sub("", written))), len(written) // MARKUP_SHARE)

    def escape(self, text: str) -> str:
        return html.escape(text, quote=False)

    def mark(self, inner: str, mark: Mark) -> str:
        if mark.style is not Style.LINK:
            return f"<{TAGS[mark.style]}>{inner}</{TAGS[mark.style]}>"
        if LINKABLE.match(mark.href):
            return f'<a href="{html.escape(mark.href)}">{inner}</a>'
        return f"{inner} ({self.escape(mark.href)})"

    def heading(self, inner: str, level: int) -> str:
        return f"<b>{inner}</b>"

    def code(self, text: str, language: str) -> str:
        plain_name = re.sub(r"[^\w+#.-]", "", language)[:30]
        if plain_name:
            return f'<pre><code class="language-{plain_name}">{text}</code></pre>'
        return f"<pre>{text}</pre>"

    def quote(self, inner: str) -> str:
        return f"<blockquote>{inner}</blockquote>"


DIALECT = Telegram()
