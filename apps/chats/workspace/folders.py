"""A group's folder on disk: made once, never overwritten, always inside the groups directory."""

import logging
import re
from contextlib import suppress
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.exceptions import ValidationError

from apps.chats.models import Group
from apps.chats.models.group import validate_folder
from apps.chats.workspace.safe_folders import FileRefusedError, open_below

logger = logging.getLogger(__name__)

TEMPLATES = settings.BASE_DIR / "templates" / "workspace"
MEMORY = "CLAUDE.md"
MEMORY_LIMIT = 1024 * 1024  # bytes
PLACEHOLDER = re.compile(r"\{(assistant_name|group_name)\}")


def workspace(group: Group) -> Path:
    """Raises ValidationError when the folder's real path would lie outside the groups directory."""
    validate_folder(group.folder)
    root = settings.GROUPS_DIR.resolve()
    path = root / group.folder
    if path.resolve().parent != root:
        raise ValidationError(f"The folder {group.folder!r} leads outside the groups directory.")
    return Path(path)


def session_directory(group: Group) -> Path:
    """The agent user's `.claude` for this group."""
    validate_folder(group.folder)
    return Path(settings.SESSIONS_DIR / group.folder)


def create_workspace(group: Group) -> Path:
    """The folder with `logs/` and a memory file; what exists already is left as it is."""
    path = workspace(group)
    for directory in (path, session_directory(group), global_folder()):
        directory.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # the agent may have put something else there
        (path / "logs").mkdir()
    _begin_memory(path / MEMORY, "main.md" if group.is_main else "CLAUDE.md", group)
    _begin_memory(global_folder() / MEMORY, "global.md", group)
    return path


def global_folder() -> Path:
    """The memory that all groups share."""
    return Path(settings.GROUPS_DIR / "global")


def memory(group: Group | None) -> str:
    """The memory file of a group, or the one that all groups share, as it is now; empty where there is none."""
    try:
        with open_below(workspace(group) if group else global_folder(), PurePosixPath(MEMORY)) as file:
            return file.read(MEMORY_LIMIT).decode(errors="replace")
    except FileNotFoundError:
        return ""
    except (OSError, FileRefusedError) as error:
        logger.warning("the memory of %s is not read: %s", group.folder if group else "all groups", error)
        return ""


def _begin_memory(path: Path, template: str, group: Group) -> None:
    """Never over what is there, be it a link that leads nowhere."""
    try:
        with path.open("x") as file:
            file.write(_filled(template, group))
    except FileExistsError:
        return


def _filled(template: str, group: Group) -> str:
    """The names are put in literally; a template that cannot be read leaves the memory empty."""
    try:
        text = (TEMPLATES / template).read_text()
    except OSError as error:
        logger.warning("the memory template %s cannot be read (%s); the memory starts empty", template, error)
        return ""
    names = {"assistant_name": group.assistant_name, "group_name": group.name}
    # In one pass: a name that looks like a placeholder stays what it is.
    return PLACEHOLDER.sub(lambda found: names[found[1]], text)
