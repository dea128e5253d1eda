"""What no single test sees: the direction of imports, the sizes of files, the settings, the migrations."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import TypeGuard

from tests.environment import ROOT, service_environment

SOURCES = [
    path
    for folder in ("apps", "nanogridbot", "container/runner", "docs")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]


def run(*command: str, data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=service_environment(data_dir, **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_imports_point_downwards(tmp_path: Path) -> None:
    linter = str(Path(sys.executable).parent / "lint-imports")
    result = run(linter, "--no-cache", data_dir=tmp_path)
    assert result.returncode == 0, result.stdout


def test_picture_of_the_packages_is_the_one_that_the_contracts_give(tmp_path: Path) -> None:
    result = run(sys.executable, "docs/draw_packages.py", "--check", data_dir=tmp_path)
    assert result.returncode == 0, result.stderr


def test_models_and_migrations_agree(tmp_path: Path) -> None:
    result = run(sys.executable, "manage.py", "makemigrations", "--check", "--dry-run", data_dir=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_files_and_functions_fit_in_the_eye() -> None:
    too_long = [str(path) for path in SOURCES if path.read_text().count("\n") >= 400]
    for path in SOURCES:
        functions = filter(is_function, ast.walk(ast.parse(path.read_text())))
        too_long += [f"{path}: {node.name}" for node in functions if (node.end_lineno or 0) - node.lineno >= 40]
    assert not too_long


def is_function(node: ast.AST) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
