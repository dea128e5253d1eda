import re
from pathlib import Path

from tests.environment import ROOT

READ = re.compile(r"env\.\w+\(\s*\"([A-Z][A-Z_]+)\"")
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
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(documents) > 20
    for document in documents:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_links_to_a_heading_find_it() -> None:
    found = 0
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
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
