"""Folders on the host, what an operator opens of them, and what a group asks for."""

import json
import os
from pathlib import Path
from typing import Any

from apps.agents.sandbox.mounts import judge
from apps.chats.models import Group

MIB = 1024 * 1024


def fill(path: Path, mib: int) -> None:
    path.write_bytes(os.urandom(mib * MIB))


def roots(home: Path) -> list[dict[str, object]]:
    return [{"path": str(home / "projects"), "allowReadWrite": True}, {"path": str(home / "media")}]


def allow(file: Path, allowed: list[dict[str, object]], **more: Any) -> None:
    file.write_text(json.dumps({"allowedRoots": allowed, **more}))


def group(*mounts: Any, is_main: bool = False) -> Group:
    return Group(folder="team", mounts=list(mounts), is_main=is_main)


def one(mount: Any, **fields: Any) -> Any:
    """The only mount that is effective, or the only reason."""
    verdict = judge(group(mount, **fields))
    assert len(verdict.effective) + len(verdict.refused) == 1
    return verdict.effective[0] if verdict.effective else verdict.refused[0].reason
