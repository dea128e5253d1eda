"""The answer while it is written: what the agent wrote for itself never leaves, and pieces keep their place."""

import re
from dataclasses import dataclass, field

OPENING, CLOSING = "<internal>", "</internal>"
TAGS = {tag: re.compile(re.escape(tag), re.IGNORECASE) for tag in (OPENING, CLOSING)}
MOST = 100_000  # characters of one streamed answer; the stored one is not cut


@dataclass(slots=True)
class VisibleText:
    """Takes the text piece by piece and gives back what may be seen; a tag may be split anywhere."""

    hidden: bool = False
    held: str = ""

    def feed(self, piece: str) -> str:
        text, seen = self.held + piece, []
        while True:
            tag = CLOSING if self.hidden else OPENING
            found = TAGS[tag].search(text)
            if not found:
                break
            if not self.hidden:
                seen.append(text[: found.start()])
            text, self.hidden = text[found.end() :], not self.hidden
        self.held = _beginning_of(tag, text)
        if not self.hidden:
            seen.append(text.removesuffix(self.held) if self.held else text)
        return "".join(seen)


def _beginning_of(tag: str, text: str) -> str:
    """The longest end of the text with which the tag may be beginning."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if tag.startswith(text[-length:].lower()):
            return text[-length:]
    return ""


@dataclass(slots=True)
class Stream:
    """One run's visible text so far, and how much of it was told."""

    topic: str
    visible: VisibleText = field(default_factory=VisibleText)
    text: str = ""
    told: int = 0
    whole_at: float = 0.0
    pause: bool = False

    def feed(self, piece: str) -> None:
        new = self.visible.feed(piece)
        if self.pause and self.text and new.strip():
            new, self.pause = f"\n\n{new.lstrip()}", False
        if not self.text:
            new = new.lstrip()
        self.text = (self.text + new)[:MOST]

    def untold(self, *, whole: bool) -> tuple[int, str] | None:
        """(place, text) of what was not told yet, or of everything; a place counts code points."""
        if self.told == len(self.text):
            return None
        begin = 0 if whole else self.told
        self.told = len(self.text)
        return begin, self.text[begin:]
