"""Writes Discord's markdown. Bots may write masked links; whatever else it knows is CommonMark's."""

import re

from apps.platforms.rendering.dialect import Dialect
from apps.platforms.rendering.document import Mark, Style

FENCES = {Style.BOLD: "**", Style.ITALIC: "*", Style.STRIKE: "~~"}
URL = re.compile(r"(https?://[^\s<>\\]+)")  # in an address a backslash would be part of it
SPECIAL = re.compile(r"[\\*_~`|]|\](?=\()|^(?:#{1,3}|-#|>)(?= )", re.MULTILINE)
ESCAPED = re.compile(r"\\(.)")
LINKABLE = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
SMALLEST_HEADING = 3
BROKEN_FENCE = "`\u200b``"  # three backticks would end the block


class Discord(Dialect):
    def __init__(self, limit: int = 2000) -> None:
        super().__init__(limit)

    def units(self, text: str) -> int:
        """Discord says "characters" without saying which; of UTF-16 units there are never fewer."""
        return len(text.encode("utf-16-le")) // 2

    def escape(self, text: str) -> str:
        pieces = URL.split(text)  # every second one is an address
        return "".join(piece if number % 2 else SPECIAL.sub(r"\\\g<0>", piece) for number, piece in enumerate(pieces))

    def mark(self, inner: str, mark: Mark) -> str:
        if mark.style is Style.CODE:
            return _inline_code(ESCAPED.sub(r"\1", inner))
        if mark.style is not Style.LINK:
            return f"{FENCES[mark.style]}{inner}{FENCES[mark.style]}"
        if mark.href in (inner, f"mailto:{inner}"):
            return inner
        if LINKABLE.fullmatch(mark.href):
            return f"[{inner}](<{mark.href}>)"
        return f"{inner} ({self.escape(mark.href)})"

    def heading(self, inner: str, level: int) -> str:
        return f"{'#' * level} {inner}" if level <= SMALLEST_HEADING else f"**{inner}**"

    def code(self, text: str, language: str) -> str:
        plain_name = re.sub(r"[^\w+#.-]", "", language)[:30]
        body = ESCAPED.sub(r"\1", text).replace("```", BROKEN_FENCE)
        return f"```{plain_name}\n{body}\n```"


def _inline_code(text: str) -> str:
    if "`" not in text:
        return f"`{text}`"
    apart = text.replace("``", "`\u200b`")
    return f"`` {apart} ``"


DIALECT = Discord()
