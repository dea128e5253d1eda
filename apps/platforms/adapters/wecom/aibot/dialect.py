"""Writes the markdown of an AI bot's answers: all of it, and longer."""

import re

from apps.platforms.adapters.wecom.dialect import WeCom, each_line
from apps.platforms.rendering.document import Mark, Style


class AiBot(WeCom):
    def __init__(self, limit: int = 20480) -> None:  # bytes, as of a streamed answer
        super().__init__(limit)

    def mark(self, inner: str, mark: Mark) -> str:
        return each_line(inner, "*") if mark.style is Style.ITALIC else super().mark(inner, mark)

    def code(self, text: str, language: str) -> str:
        longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
        fence = "`" * (longest + 1)
        return f"{fence}{re.sub(r'[^0-9A-Za-z+#.-]', '', language)}\n{text}\n{fence}"


DIALECT = AiBot()
