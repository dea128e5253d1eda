"""What an agent asks leave for, so that nothing of it is hidden from the person who decides."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

MOST = 20_000  # characters; what is longer cannot be judged in a chat, and is refused
BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols that show nothing
SPACES = re.compile(r"(?<=\S)[ \t]{12,}|[ \t]{60,}")  # would push what follows out of sight
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){4,}")
TAG = re.compile(r"<(?=/?internal>)", re.IGNORECASE)  # would be taken out of every text that leaves


class TooLongError(Exception):
    """It cannot be shown whole."""


def shown(given: Mapping[str, Any]) -> str:
    """All of it in markdown, field by field, each line of a value marked as such; raises TooLongError."""
    fields = [_field(str(name), value) for name, value in given.items()]
    text = "\n\n".join(fields) if fields else _("(without input)")
    if len(text) > MOST:
        raise TooLongError(
            f"Its input has {len(text)} characters as people would have to read it; at most {MOST} can be approved."
        )
    return text


def _field(name: str, value: Any) -> str:
    raw = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    # The bar tells what belongs to the value also where the platform shows no code blocks.
    lines = "\n".join(f"│ {line}" for line in visible(raw).split("\n"))
    return f"{line_of(name)}:\n\n{_fence(lines)}\n{lines}\n{_fence(lines)}"


def line_of(text: str) -> str:
    """For a place inside a sentence: one line, without markup."""
    return re.sub(r"([\\`*_\[\]<>#~|])", r"\\\1", visible(text).replace("\n", "⏎"))


def visible(text: str) -> str:
    """The same, with what shows nothing, what reorders the line, and what hides by distance written out."""
    text = TAG.sub("⟨U+003C⟩", text)
    text = "".join(_written_out(character) for character in text)
    text = SPACES.sub(lambda found: _("⟨%d blanks⟩") % len(found[0]), text)
    return BLANK_LINES.sub(lambda found: "\n" + _("⟨%d blank lines⟩") % (found[0].count("\n") - 1) + "\n", text)


def _written_out(character: str) -> str:
    if character in "\n\t ":
        return character
    category = unicodedata.category(character)
    # Control, format (bidi, zero width, tags), surrogates, unassigned, private; separators but the plain space.
    hidden = category[0] in "CZ" or character in BLANK or unicodedata.name(character, "").startswith("VARIATION SEL")
    return f"⟨U+{ord(character):04X}⟩" if hidden else character


def _fence(text: str) -> str:
    """Longer than every fence inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)
