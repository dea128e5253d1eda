"""The chosen skills as one local plugin: the SDK is shown exactly these, under names such as `ngb:weekly-report`."""

import atexit
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PLUGIN = "ngb"


def skill_options(folders: Sequence[str]) -> dict[str, Any]:
    """Options of the SDK for these skill folders; one that is gone meanwhile is left out.

    The names are given in any case: else the command line would offer what it brings along for programmers.
    """
    there = {Path(folder).name: Path(folder) for folder in folders if (Path(folder) / "SKILL.md").is_file()}
    if not there:
        return {"skills": []}
    return {
        "plugins": [{"type": "local", "path": str(_plugin(there))}],
        "skills": [f"{PLUGIN}:{name}" for name in there],
    }


def _plugin(folders: dict[str, Path]) -> Path:
    root = Path(tempfile.mkdtemp(prefix="ngb-skills-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    (root / ".claude-plugin").mkdir()
    (root / ".claude-plugin" / "plugin.json").write_text(json.dumps({"name": PLUGIN}))
    (root / "skills").mkdir()
    for name, folder in folders.items():
        (root / "skills" / name).symlink_to(folder)
    return root
