"""A group's folder on disk: made once, never overwritten, always inside the groups directory."""

import logging
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError

from apps.chats.models import Group
from apps.chats.models.group import validate_folder

logger = logging.getLogger(__name__)

MEMORY_TEMPLATE = settings.BASE_DIR / "templates" / "workspace" / "CLAUDE.md"


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
    for directory in (path / "logs", session_directory(group), settings.GROUPS_DIR / "global"):
        directory.mkdir(parents=True, exist_ok=True)
    memory = path / "CLAUDE.md"
    if not memory.exists():
        memory.write_text(_first_memory(group))
    return path


def memory(group: Group) -> str:
    """The group's memory file as it is now; empty where there is none."""
    try:
        return (workspace(group) / "CLAUDE.md").read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _first_memory(group: Group) -> str:
    try:
        template = MEMORY_TEMPLATE.read_text()
    except OSError as error:
        logger.warning(
            "the memory template %s cannot be read (%s); the memory of %s starts empty",
            MEMORY_TEMPLATE,
            error,
            group.folder,
        )
        return ""
    return template.replace("{assistant_name}", group.assistant_name).replace("{group_name}", group.name)
