"""`manage.py` on a database without tables: a sentence, never a traceback."""

import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.environment import lay_tables, service_environment


def manage(data: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", *arguments]
    own = service_environment(data, **{"DATABASE_URL": ""} | environment)
    return subprocess.run(command, check=False, env=own, capture_output=True, text=True, timeout=120)


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


# Whoever runs the tests in the background has them ignore Ctrl-C, and a command would inherit that.
HEARING = """
import signal, manage
signal.signal(signal.SIGINT, signal.default_int_handler)
manage.main()
"""


def test_ctrl_c_ends_the_wait_for_an_answer(tmp_path: Path) -> None:
    lay_tables(tmp_path)
    manage(tmp_path, "bootstrap")
    command = [sys.executable, "-c", HEARING, "ask", "main", "hello"]
    environment = service_environment(tmp_path, DATABASE_URL="")
    with subprocess.Popen(command, env=environment, stdout=PIPE, stderr=PIPE, text=True) as asking:
        assert asking.stderr
        assert "Is the service running" in asking.stderr.readline()  # it waits
        asking.send_signal(signal.SIGINT)
        try:
            assert asking.communicate(timeout=30) == ("", "")
        finally:
            asking.kill()
    assert asking.returncode == 130


NAMELESS = """
import os, pwd, manage
for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
    os.environ.pop(name, None)
def getpwuid(uid):
    raise KeyError(uid)
pwd.getpwuid = getpwuid
manage.main()
"""


def test_whoever_has_a_number_and_no_name_may_ask(tmp_path: Path) -> None:
    lay_tables(tmp_path)
    manage(tmp_path, "bootstrap")
    command = [sys.executable, "-c", NAMELESS, "ask", "main", "hello", "--wait", "0"]
    own = service_environment(tmp_path, DATABASE_URL="")
    asked = subprocess.run(command, check=False, env=own, capture_output=True, text=True, timeout=120)
    assert asked.returncode == 3, asked.stderr
    assert asked.stderr.startswith("CommandError: No answer in 0 s")
