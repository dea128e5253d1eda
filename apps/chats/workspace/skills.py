"""Skills: folders with a SKILL.md, shipped with the product, added by the operator, or written by a group's agent."""

import filecmp
import logging
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.chats.models import Group
from apps.chats.workspace import folders
from apps.chats.workspace.safe_folders import FileRefusedError, open_below, open_folder

logger = logging.getLogger(__name__)

SHIPPED = settings.BASE_DIR / "container" / "skills"
FOLDER = "skills"  # in the group's workspace
NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,63}\Z")
DESCRIPTION = re.compile(r"^description:\s*(.+)$", re.MULTILINE)
MOST = 100  # skills of one group
HEAD = 4096  # bytes in which a description must stand


def shared_folder() -> Path:
    """What every container sees read-only: the shipped skills, and those that the operator puts beside them."""
    return Path(settings.DATA_DIR / "skills")


def lay_out() -> None:
    """Copies the shipped skills into the data directory, which also a service in a container can mount."""
    for source in sorted(SHIPPED.rglob("*")):
        target = shared_folder() / source.relative_to(SHIPPED)
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            target.chmod(0o755)
        elif not target.exists() or not filecmp.cmp(source, target, shallow=False):
            new = target.with_name(f".{target.name}.{os.getpid()}")
            shutil.copyfile(source, new)
            new.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
            new.replace(target)


def shared() -> list[str]:
    """Names of the skills that all groups may have."""
    return sorted({*_shipped(), *_names(shared_folder())})


@cache
def _shipped() -> list[str]:
    return list(_names(SHIPPED))


def own(group: Group) -> list[str]:
    """Names of the skills in the group's workspace; one of a shared name takes its place."""
    return sorted(_names(folders.workspace(group), FOLDER))


def available(group: Group) -> list[str]:
    return sorted({*shared(), *own(group)}) if group.folder else shared()


def chosen(group: Group, there: Iterable[str] | None = None) -> list[str]:
    """What the group's agent gets of those that are `there` (all available ones); what is gone is left out."""
    there = available(group) if there is None else there
    return sorted(name for name in there if group.skills is None or name in group.skills)


def check(group: Group, names: object) -> None:
    """Raises ValidationError that names the skills there are."""
    if names is None:
        return
    if not isinstance(names, list):
        raise ValidationError(_("A list of names is expected."))
    there = available(group)
    # One that the group has already may have gone meanwhile; that is no reason to refuse other changes.
    wrong = [str(name) for name in names if name not in there and name not in (group.skills or [])]
    if wrong:
        raise ValidationError(
            _("There is no skill %(wrong)s; there are: %(there)s."),
            params={"wrong": ", ".join(wrong), "there": ", ".join(there) or "–"},
        )


def description(group: Group | None, name: str) -> str:
    """What the skill says of itself, in one line; empty where it cannot be read."""
    file = PurePosixPath(name) / "SKILL.md"
    places = [(shared_folder(), file), (SHIPPED, file)]
    if group and name in own(group):
        places = [(folders.workspace(group), FOLDER / file)]
    for root, path in places:
        try:
            with open_below(root, path) as opened:
                found = DESCRIPTION.search(opened.read(HEAD).decode(errors="replace"))
        except (OSError, FileRefusedError) as error:
            logger.debug("the skill %s says nothing: %s", name, error)
            continue
        return " ".join(found[1].strip(" \"'").split())[:300] if found else ""
    return ""


def _names(root: Path, *parts: str) -> Iterator[str]:
    """Real folders with a real SKILL.md; nothing that is a link."""
    try:
        folder = open_folder(root, *parts)
    except OSError:
        return
    try:
        with os.scandir(folder) as entries:
            there = [entry.name for entry in entries if NAME.match(entry.name) and entry.is_dir(follow_symlinks=False)]
        yield from (name for name in sorted(there)[:MOST] if _is_skill(folder, name))
    finally:
        os.close(folder)


def _is_skill(folder: int, name: str) -> bool:
    try:
        found = os.stat(f"{name}/SKILL.md", dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode)
