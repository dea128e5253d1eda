import os
import re
import subprocess
import sys
from pathlib import Path

from tests.environment import ROOT


def make_venv(python: Path | str, target: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": str(python)}
    command = [str(ROOT / "requirements" / "make-venv"), str(target)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)


def pretend_python(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_help_lists_every_command() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (phony,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "check", "bench"} <= set(phony.split())
    assert re.findall(r"^  make (\w+)", shown, re.MULTILINE) != []
    assert set(re.findall(r"^  make (\w+)", shown, re.MULTILINE)) == set(phony.split())


def test_environment_is_made_with_the_python_that_was_named(tmp_path: Path) -> None:
    made = make_venv(sys.executable, tmp_path / "venv")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "venv" / "bin" / "python").exists()


def test_missing_python_is_said_in_a_sentence(tmp_path: Path) -> None:
    refused = make_venv("/nowhere/python3", tmp_path / "venv")
    assert refused.returncode == 1
    assert "needs Python 3.11 or later, and none was found" in refused.stderr
    assert not (tmp_path / "venv").exists()


def test_old_python_is_not_taken(tmp_path: Path) -> None:
    old = pretend_python(tmp_path / "python3", "exit 1")
    assert make_venv(old, tmp_path / "venv").returncode == 1


def test_python_without_its_venv_module_is_said_in_a_sentence(tmp_path: Path) -> None:
    bare = pretend_python(tmp_path / "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')
    refused = make_venv(bare, tmp_path / "venv")
    assert refused.returncode == 1
    assert "install its venv module" in refused.stderr
