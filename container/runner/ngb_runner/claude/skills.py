"""The chosen skills as one local plugin: the SDK is shown exactly these, under names such as `ngb:weekly-report`."""

import atexit
import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PLUGIN = "ngb"
NEEDS = re.compile(r"^needs: *([\w.-]+) *$", re.MULTILINE)  # a program without which the skill is nothing
HEAD = 4096  # characters in which that must stand


def skill_options(folders: Sequence[str]) -> dict[str, Any]:
    """Options of the SDK for these skill folders; what is gone meanwhile, or needs a program that is not here, is not.

    The names are given in any case: else the command line would offer what it brings along for programmers.
    """
    there = {Path(folder).name: Path(folder) for folder in folders if _is_of_use(Path(folder) / "SKILL.md")}
    if not there:
        return {"skills": []}
    return {
        "plugins": [{"type": "local", "path": str(_plugin(there))}],
        "skills": [f"{PLUGIN}:{name}" for name in there],
    }


def _is_of_use(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        with file.open(errors="replace") as opened:
            head = opened.read(HEAD)
    except OSError:
        return False
    needed = NEEDS.search(head)
    return needed is None or shutil.which(needed[1]) is not None


def _plugin(folders: dict[str, Path]) -> Path:
    root = Path(tempfile.mkdtemp(prefix="ngb-skills-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    (root / ".claude-plugin").mkdir()
    (root / ".claude-plugin" / "plugin.json").write_text(json.dumps({"name": PLUGIN}))
    (root / "skills").mkdir()
    for name, folder in folders.items():
        (root / "skills" / name).symlink_to(folder)
    return root
