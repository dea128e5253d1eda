"""Tools are found in every process, whichever app they belong to."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import ROOT, service_environment

TOOLS = """
from apps.agents.toolkit.registry import Nothing, tool

@tool("open_door", "Open the door.", Nothing)
def open_door(run, given):
    return "It is open."
"""
SETTINGS = "from nanogridbot.settings import *\nINSTALLED_APPS = [*INSTALLED_APPS, 'club']\n"
WORKER = "from nanogridbot.celery import app; app.loader.import_default_modules()"
WEB = "import nanogridbot.asgi"
OTHERS = "import django; django.setup()"
NAMES = "from apps.agents.toolkit import registry; from apps.chats.models import Group"
SAY = "print(*[each['name'] for each in registry.definitions(Group(is_main=True))])"


@pytest.fixture
def club(tmp_path: Path) -> Path:
    """Another app that has a `tools.py`."""
    app = tmp_path / "club"
    app.mkdir()
    for name, text in {"__init__.py": "", "tools.py": TOOLS, "settings.py": SETTINGS}.items():
        (app / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("start", [WORKER, WEB, OTHERS], ids=["worker", "web", "others"])
def test_every_process_finds_the_tools_of_every_app(club: Path, tmp_path: Path, start: str) -> None:
    environment = service_environment(tmp_path, DJANGO_SETTINGS_MODULE="club.settings")
    environment["PYTHONPATH"] = f"{club}:{ROOT}"
    command = [sys.executable, "-c", "; ".join([start, NAMES, SAY])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert {"open_door", "send_message", "list_chats", "register_group"} <= set(done.stdout.split())
