import re
from pathlib import Path

from tests.environment import ROOT

READ = re.compile(r"env\.\w+\(\s*\"([A-Z][A-Z_]+)\"")
FUNCTION = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
ONLY_IN_THE_ENVIRONMENT = {"NGB_ENV_FILE"}


def read_by_settings() -> set[str]:
    return set(READ.findall((ROOT / "nanogridbot" / "settings.py").read_text()))


def anchors(page: Path) -> set[str]:
    """As the usual hosts of repositories make them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_setting_is_documented_and_nothing_else() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE))
    assert len(documented) > 30
    assert documented == read_by_settings()


def test_example_names_every_setting_and_sets_none() -> None:
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^#([A-Z_]+)=", example, re.MULTILINE)) == read_by_settings() - ONLY_IN_THE_ENVIRONMENT
    assert not re.search(r"^[A-Z]", example, re.MULTILINE)


def test_defaults_in_the_example_are_the_real_ones() -> None:
    settings = (ROOT / "nanogridbot" / "settings.py").read_text()
    defaults = re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\", (?:\"([^\"]*)\"|([\d.]+))", settings)
    example = dict(re.findall(r"^#([A-Z_]+)=(.+)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    real = {name: text or number for name, text, number in defaults}
    assert len(real.keys() & example.keys()) > 20
    assert {name: example[name] for name in real.keys() & example.keys()} == {
        name: real[name] for name in real.keys() & example.keys()
    }


def test_links_between_documents_lead_somewhere() -> None:
    assert len(DOCUMENTS) > 20
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_links_to_a_heading_find_it() -> None:
    found = 0
    for document in DOCUMENTS:
        for target, heading in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", document.read_text()):
            page = document.parent / target if target else document
            if page.suffix == ".md":
                found += 1
                assert heading in anchors(page), f"{document.name}: {target}#{heading}"
    assert found > 3


def test_every_document_is_reached_from_the_first_page() -> None:
    first = (ROOT / "README.md").read_text()
    for document in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{document.name})" in first, document.name


def test_every_path_that_a_document_names_is_there() -> None:
    path = re.compile(r"`((?:apps|container|docs|nanogridbot|requirements|static|templates|tests|\.ci)/[\w./-]+)`")
    named = {(page.name, found) for page in DOCUMENTS for found in path.findall(page.read_text())}
    assert len(named) > 25
    gone = {(page, found) for page, found in named if not (ROOT / found).exists()}
    assert {found for _page, found in gone if not found.startswith(("apps/a/", "tests/a/"))} == set()


def test_every_test_that_a_document_names_is_there() -> None:
    tests = ROOT / "tests"
    files = [path.relative_to(tests).with_suffix("").as_posix() for path in tests.rglob("test_*.py")]
    functions = {name for file in files for name in FUNCTION.findall((tests / file).with_suffix(".py").read_text())}
    known = {*files, *(file.rpartition("/")[2] for file in files), *functions, "test_c", "test_c_<aspect>"}
    named = {
        name for page in DOCUMENTS for name in re.findall(r"`((?:[a-z_]+/)*test_[\w<>]+)(?:\.py)?`", page.read_text())
    }
    assert len(named) > 100
    assert {name.removeprefix("tests/") for name in named if "a/b/" not in name} - known == set()
