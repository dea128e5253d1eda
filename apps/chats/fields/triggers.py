"""Triggers: literal texts, or patterns where a group says so. RE2 matches them in linear time, whatever the pattern."""

import re
from functools import lru_cache
from typing import Any, Protocol

import re2
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

MEMORY = 1 << 20  # bytes that a compiled pattern may take


class PatternError(ValueError):
    """What was written is no pattern that can be used; the sentence says why."""


class Trigger(Protocol):
    def match(self, text: str) -> Any: ...
    def search(self, text: str) -> Any: ...


@lru_cache(maxsize=1024)
def literal(text: str) -> Trigger:
    """As a word of its own, in any case: `@Andy's thing` calls, `@Andyextra` and `me@Andy` do not."""
    return re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=1024)
def pattern(text: str) -> Trigger:
    """In any case; raises PatternError, also for one that every message would match."""
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, MEMORY
    try:
        compiled: Trigger = re2.compile(text, options)
    except re2.error as error:
        words = error.args[0] if error.args else ""
        raise PatternError(words.decode(errors="replace") if isinstance(words, bytes) else str(words)) from error
    if compiled.search(""):
        raise PatternError(gettext("it matches an empty text, and so every message"))
    return compiled


def check(text: str) -> None:
    """Refuses at save what could not be used when somebody writes; raises ValidationError."""
    try:
        if text:
            pattern(text)
    except PatternError as error:
        sentence = _("This is no pattern that can be used: %(why)s.")
        raise ValidationError({"trigger": ValidationError(sentence, params={"why": str(error)})}) from error
