"""Reads WeCom's flat XML. A document type is refused before it can declare anything."""

from xml.parsers import expat

from django.utils.translation import gettext as _

from apps.platforms.base import PayloadError

DEPTH = 2  # the root, and what stands directly below it


def fields(document: bytes) -> dict[str, str]:
    """The texts directly below the root, by their names; raises PayloadError."""
    reading = _Reading()
    try:
        reading.parser.Parse(document.decode(), True)
    except (expat.ExpatError, ValueError):
        raise PayloadError(_("It is no XML.")) from None
    return reading.found


class _Reading:
    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._open: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _refuse(self, *_declared: object) -> None:
        raise PayloadError(_("It declares a document type."))

    def _start(self, name: str, _attributes: object) -> None:
        self._open.append(name)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        if len(self._open) == DEPTH:
            self.found[self._open[-1]] = self.found.get(self._open[-1], "") + text
