"""The same idea stands under the same file name in every platform's folder, and some files never load an SDK."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from apps.platforms.registry import SPECS
from tests.environment import ROOT

ADAPTERS = ROOT / "apps" / "platforms" / "adapters"

ALWAYS = {
    "spec": "the fields of a channel, and the dotted paths of the rest",
    "adapter": "`listen`, `send`, and what else the platform can do",
}
EXCEPT_THE_PAGE = {  # the chat page is our own
    "payloads": "what the platform sends, as InboundMessages",
    "dialect": "how it writes bold, code and links, and how it counts",
    "check": "whether the credentials work",
    "errors": "what its error codes and answers mean, as sentences",
}
WHERE_NEEDED = {
    "api": "the HTTP client, or where the API is",
    "connection": "what lasts: a websocket, a stream, long polling",
    "content": "what a message contains, as text and files",
    "emoji": "its names of emoji that go out",
    "files": "the files of a message, where content would grow too long",
    "interactions": "a button that was pressed",
    "names": "names of people and chats",
    "reactions": "a person's reaction that comes in",
    "sdk_errors": "what the SDK raises, as PlatformErrors",
    "sending": "requests that send",
    "webhook": "requests by which the platform calls us",
}
OF_ONE_PLATFORM = {
    "dingtalk": {"cards"},
    "discord": {"sessions"},
    "wecom": {"codec", "xml"},
}
KINDS_OF_CHANNELS = {"wecom": {"aibot"}}  # folders in a platform's folder, with the same file names

OURS = {"apps", "django", "httpx", "cryptography", "websockets"}  # what any module of an adapter may import
WITHOUT_SDK = ("spec", "check", "errors")


def modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


def folders(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()} - {"__pycache__"}


def imported(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_folder_is_a_platform():
    assert folders(ADAPTERS) == set(SPECS)


@pytest.mark.parametrize("platform", list(SPECS))
def test_a_platforms_folder_has_the_files_that_all_have_and_no_names_of_its_own(platform):
    needed = set(ALWAYS) | (set() if platform == "web" else set(EXCEPT_THE_PAGE))
    known = needed | set(WHERE_NEEDED) | OF_ONE_PLATFORM.get(platform, set())
    kinds = KINDS_OF_CHANNELS.get(platform, set())

    assert needed - modules(ADAPTERS / platform) == set()
    assert modules(ADAPTERS / platform) - known == set()
    assert folders(ADAPTERS / platform) == kinds
    for kind in kinds:
        assert modules(ADAPTERS / platform / kind) - known == set()


def test_no_name_is_kept_for_what_is_gone():
    used = {name for platform in SPECS for name in modules(ADAPTERS / platform)}
    assert set(WHERE_NEEDED) - used == set()
    assert [name for platform, names in OF_ONE_PLATFORM.items() for name in names - modules(ADAPTERS / platform)] == []


@pytest.mark.parametrize("platform", list(SPECS))
def test_no_platform_imports_another(platform):
    others = re.compile(rf"apps\.platforms\.adapters\.({'|'.join(folders(ADAPTERS) - {platform})})\b")
    files = list((ADAPTERS / platform).rglob("*.py"))
    assert len(files) > 1
    assert [(file.name, name) for file in files for name in imported(file) if others.match(name)] == []


def test_what_the_web_process_loads_of_a_platform_loads_no_sdk():
    """In a process of its own, for here the SDKs may be loaded already."""
    names = [
        f"apps.platforms.adapters.{platform}.{name}"
        for platform in SPECS
        for name in WITHOUT_SDK
        if name in modules(ADAPTERS / platform)
    ]
    assert len(names) == 3 * len(SPECS) - 2

    assert loaded_sdks(names) == set()
    assert sdks() >= {"telegram", "discord", "slack_sdk", "lark_oapi", "dingtalk_stream", "pywa"}
    assert loaded_sdks(["apps.platforms.adapters.telegram.adapter"]) == {"telegram"}


def sdks() -> set[str]:
    """What the adapters import besides Python's library and ours: a new platform's SDK is among it by itself."""
    found = {name.partition(".")[0] for file in ADAPTERS.rglob("*.py") for name in imported(file)}
    return found - set(sys.stdlib_module_names) - OURS


def loaded_sdks(names: list[str]) -> set[str]:
    program = (
        "import importlib, os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup();"
        "[importlib.import_module(name) for name in sys.argv[1:]]; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, *names], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(done.stdout.split()) & sdks()
