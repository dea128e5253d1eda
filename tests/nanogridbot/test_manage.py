"""`manage.py` on a database without tables: a sentence, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import service_environment


def manage(data: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", *arguments]
    own = service_environment(data, **{"DATABASE_URL": ""} | environment)
    return subprocess.run(command, check=False, env=own, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("arguments", [["bootstrap"], ["ask", "main", "hello"]])
def test_an_empty_database_asks_for_migrate(tmp_path: Path, arguments: list[str]) -> None:
    refused = manage(tmp_path, *arguments)
    assert refused.returncode == 1
    assert refused.stderr.strip().endswith("migrations are missing: run `manage.py migrate` first.")
    assert "Traceback" not in refused.stderr


def test_whoever_asks_for_the_traceback_gets_it(tmp_path: Path) -> None:
    assert "Traceback" in manage(tmp_path, "bootstrap", "--traceback").stderr


def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    refused = manage(tmp_path, "bootstrap", DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing")
    assert refused.returncode == 1
    assert refused.stderr.startswith("The database does not answer:")


def test_the_help_of_a_command_shows_what_is_its_own(tmp_path: Path) -> None:
    shown = manage(tmp_path, "createtoken", "--help").stdout
    assert "--scope" in shown
    assert "--pythonpath" not in shown
