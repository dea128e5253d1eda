"""The folders show the architecture: none is crowded, and the tests stand where their modules do."""

import ast
import re

import pytest

from tests.environment import ROOT

MAX_LOOSE_MODULES = 12  # of an app, beside its packages
MAX_MODULES = 18  # of a package
NEEDS_A_TEST = 60  # lines
MIRRORS = {"apps": "tests", "nanogridbot": "tests/nanogridbot", "container/runner/ngb_runner": "tests/runner"}
# These tests follow journeys, pages, attacks and figures instead of modules, or are no tests.
APART = ("journeys", "attacks", "bench", "fakes", "browser")
ABOUT_A_FOLDER = ("test_file_names",)
NAMED_BY_DJANGO = {"management", "commands", "templatetags"}
SAYS_NOTHING = {"test_more", "test_misc", "test_other", "test_trouble", "test_faults", "test_utils"}


def modules(folder):
    """The modules directly in the folder, without `__init__` and `__main__`."""
    return [path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("__")]


def packages(root):
    found = [root, *(path.parent for path in sorted(root.rglob("__init__.py")))]
    return [folder for folder in dict.fromkeys(found) if "migrations" not in folder.parts]


SOURCES = [
    (package, ROOT / tests / package.relative_to(ROOT / source))
    for source, tests in MIRRORS.items()
    for package in packages(ROOT / source)
]
TESTS = [
    path
    for path in sorted((ROOT / "tests").glob("*/**/test_*.py"))
    if not path.relative_to(ROOT / "tests").as_posix().startswith(APART)
]


def named(path):
    return path.relative_to(ROOT).as_posix()


def is_app(folder):
    return folder.parent == ROOT / "apps" or folder in (ROOT / "nanogridbot", ROOT / "container/runner/ngb_runner")


@pytest.mark.parametrize("folder", [source for source, _ in SOURCES], ids=named)
def test_no_folder_is_crowded(folder):
    assert len(modules(folder)) <= (MAX_LOOSE_MODULES if is_app(folder) else MAX_MODULES)


def test_a_package_says_what_it_is_for():
    """Those that Django names, and the platforms, are known by their names."""
    silent = [
        named(folder)
        for folder, _ in SOURCES
        if folder.name not in NAMED_BY_DJANGO
        and "adapters" not in folder.parent.parts
        and "formats" not in folder.parts
        and (folder / "__init__.py").exists()
        and not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    ]
    assert silent == ["apps", "nanogridbot"]


def test_a_module_of_some_length_has_a_test_of_its_name():
    missing = [
        named(module)
        for source, tests in SOURCES
        for module in modules(source)
        if module.read_text().count("\n") >= NEEDS_A_TEST and not (tests / f"test_{module.name}").exists()
    ]
    assert missing == []


def test_a_test_stands_where_its_module_does():
    mirrored = {tests: source for source, tests in SOURCES}
    strays = [
        named(path)
        for path in TESTS
        if path.stem not in ABOUT_A_FOLDER and not _is_of(path.stem.removeprefix("test_"), mirrored.get(path.parent))
    ]
    assert strays == []


def _is_of(name, folder):
    """`name` is that of a module or package in the folder, or of an aspect of one: `delivery_order`."""
    if folder is None:
        return False
    stems = [path.stem for path in modules(folder)] + [path.name for path in folder.iterdir() if path.is_dir()]
    return any(name == stem or name.startswith(f"{stem}_") for stem in stems)


def test_no_test_has_a_name_that_says_nothing():
    assert [named(path) for path in (ROOT / "tests").rglob("test_*.py") if path.stem in SAYS_NOTHING] == []


def test_a_stray_would_be_found():
    assert _is_of("backoff", ROOT / "apps/events")
    assert _is_of("backoff_under_load", ROOT / "apps/events")
    assert not _is_of("trouble", ROOT / "apps/events")
    assert not _is_of("backoff", None)


def test_what_tests_share_is_imported_from_support_modules():
    imports = re.compile(r"^\s*from tests\.[\w.]*conftest import ", re.MULTILINE)
    borrowed = [named(path) for path in sorted((ROOT / "tests").rglob("*.py")) if imports.search(path.read_text())]
    assert borrowed == ["tests/attacks/conftest.py"]  # fixtures of a real agent, as the agents' own tests have them


def test_a_conftest_holds_fixtures_only():
    strays = [
        f"{named(path)}: {node.name}"
        for path in sorted((ROOT / "tests").rglob("conftest.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith(("pytest_", "_")) and not _is_fixture(node)
    ]
    assert strays == []


def _is_fixture(function):
    return any("fixture" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_this_house_is_looked_at_as_a_whole():
    assert len(SOURCES) > 40
    assert len(TESTS) > 100
