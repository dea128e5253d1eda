"""Both languages say the same things."""

import ast
import gettext
import re
from pathlib import Path

from django.conf import settings

MESSAGES = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES"
ENTRY = re.compile(
    r'^msgid ((?:".*"\n)+)(?:msgid_plural ((?:".*"\n)+))?msgstr(?:\[0\])? ((?:".*"(?:\n|\Z))+)', re.MULTILINE
)
PLACE = re.compile(r"%\(\w+\)s|%\(\w+\)d|%d|%s|\{\w+\}|<\w+>")


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
