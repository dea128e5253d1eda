"""docs/platforms/capabilities.md says what works where: it names tests that are there, and leaves no platform out."""

import re
from pathlib import Path

import pytest

from apps.platforms.registry import SPECS
from tests.environment import ROOT

PAGE = ROOT / "docs" / "platforms" / "capabilities.md"
LINK = re.compile(r"\[[^\]]+\]\((?P<file>[^)#]+\.py)#(?P<test>test_\w+)\)")
COLUMN = re.compile(r"\[[^\]]+\]\((?P<platform>\w+)\.md\)")


def table():
    lines = [line for line in PAGE.read_text().partition("\n## ")[0].splitlines() if line.startswith("|")]
    head, _rule, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return head[1:], rows


def cells():
    head, rows = table()
    return [(row[0], column, cell) for row in rows for column, cell in zip(head, row[1:], strict=True)]


def test_every_platform_has_its_column():
    named = [found["platform"] for column in table()[0] if (found := COLUMN.fullmatch(column))]
    assert sorted(named) == sorted(SPECS)


def test_every_platform_is_told_of_below_as_well():
    names = [column.partition("]")[0].lstrip("[") for column in table()[0]]
    for section in PAGE.read_text().split("\n## ")[1:]:
        told = re.findall(r"^\| (\w[^|]*?) \|", section, re.MULTILINE)
        assert set(told) >= set(names) - {"Chat page"}, section.partition("\n")[0]


@pytest.mark.parametrize(("capability", "platform", "cell"), cells())
def test_a_yes_names_its_test_and_a_no_its_reason(capability, platform, cell):
    if cell.startswith("no: "):
        assert len(cell) > len("no: ")
        assert not LINK.search(cell)
    else:
        assert cell.startswith("[yes](")
        assert LINK.search(cell)


def test_every_test_that_is_named_is_there():
    named = list(LINK.finditer(PAGE.read_text()))
    missing = [each[0] for each in named if not _is_there(PAGE.parent / each["file"], each["test"])]
    assert len(named) > 200
    assert missing == []


def test_what_is_not_there_would_be_missed():
    assert not _is_there(Path(__file__), "test_of_nothing")
    assert not _is_there(PAGE / "nothing.py", "test_of_nothing")


def _is_there(file: Path, test: str) -> bool:
    return file.is_file() and re.search(rf"^(async )?def {test}\(", file.read_text(), re.MULTILINE) is not None
