"""Both languages say the same things."""

import ast
import gettext
import re
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise

from apps.chats.models.incident import KINDS
from apps.platforms.registry import SPECS

MESSAGES = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES"
ENTRY = re.compile(
    r'^msgid ((?:".*"\n)+)(?:msgid_plural ((?:".*"\n)+))?msgstr(?:\[0\])? ((?:".*"(?:\n|\Z))+)', re.MULTILINE
)
PLACE = re.compile(r"%(?:\(\w+\))?[.\d]*[a-z]|\{\w+\}|<\w+>")


def unquoted(lines: str) -> str:
    return "".join(ast.literal_eval(line) for line in lines.splitlines())


def entries() -> list[tuple[str, str]]:
    found = [
        (unquoted(one), unquoted(said)) for one, _plural, said in ENTRY.findall((MESSAGES / "django.po").read_text())
    ]
    return [entry for entry in found if entry[0]]


def test_nothing_is_left_untranslated():
    assert len(entries()) > 200
    assert [english for english, chinese in entries() if not chinese] == []


def test_what_is_filled_in_stands_in_both_languages():
    for english, chinese in entries():
        assert sorted(PLACE.findall(english)) == sorted(PLACE.findall(chinese)), english


def test_the_compiled_file_is_the_one_that_people_read():
    with (MESSAGES / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for english, chinese in entries():
        assert compiled.ngettext(english, english, 1) == chinese or compiled.gettext(english) == chinese, english


def test_nothing_that_is_translated_hides_where_the_collector_does_not_look():
    """xgettext reads no expressions inside f-strings: their entries would vanish at the next collection."""
    sources = list(Path(settings.BASE_DIR, "apps").rglob("*.py"))
    assert len(sources) > 200
    hidden = re.compile(r"\{(?:_|n?gettext)\(['\"]")
    assert [str(path) for path in sources if hidden.search(path.read_text())] == []


def test_every_kind_of_incident_has_words():
    recorded = re.compile(r'\brecord[(,]\s*"([^"]+)"')
    sources = "".join(path.read_text() for path in Path(settings.BASE_DIR, "apps").rglob("*.py"))
    assert len(set(recorded.findall(sources))) > 15
    assert "channel" in recorded.findall(sources)
    assert set(recorded.findall(sources)) - KINDS.keys() == set()


def test_every_field_of_a_channel_has_a_name_that_is_translated():
    fields = [field for spec in SPECS.values() for field in (*spec.credentials, *spec.options)]
    assert len(fields) > 40
    assert [field.name for field in fields if not isinstance(field.title, Promise)] == []
