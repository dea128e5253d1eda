"""How a platform writes bold, code and links, and how it counts; a new platform overrides what differs."""

from apps.platforms.rendering.document import Mark, Style


class Dialect:
    """Plain text, which every platform takes."""

    def __init__(self, limit: int = 4000) -> None:
        self.limit = limit  # the most a part may have, in the platform's own unit

    def units(self, text: str) -> int:
        """The length of plain text in the platform's unit."""
        return len(text)

    def size(self, written: str) -> int:
        """What counts of a text written in this dialect."""
        return self.units(written)

    def escape(self, text: str) -> str:
        return text

    def mark(self, inner: str, mark: Mark) -> str:
        if mark.style is Style.LINK and mark.href not in (inner, f"mailto:{inner}"):
            return f"{inner} ({mark.href})"
        return inner

    def heading(self, inner: str, level: int) -> str:
        return inner

    def code(self, text: str, language: str) -> str:
        return text

    def quote(self, inner: str) -> str:
        return "\n".join(f"> {line}" for line in inner.split("\n"))
