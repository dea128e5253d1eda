"""Files that pass between the host and an agent's workspace, where the agent may plant links and race with us.

Every folder on the way is opened by itself and never through a symlink, so nothing outside can be read or written.
"""

import logging
import os
import re
import unicodedata
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from apps.agents.sandbox.container_config import WORKSPACE, agent_ids
from apps.chats.models import Group
from apps.chats.workspace import folders
from apps.chats.workspace.safe_folders import FOLDER_FLAGS, FileRefusedError, open_below

logger = logging.getLogger(__name__)

ATTACHMENTS = "attachments"
NAME_BYTES = 120
UNSAFE = re.compile(r"[^\w .()+,=@-]+")
TRIES = 1000

__all__ = ["ATTACHMENTS", "FileRefusedError", "new_attachment", "open_inside", "plain_name", "remove_inside"]


def new_attachment(group: Group, name: str) -> tuple[BinaryIO, str]:
    """A new empty file in the group's `attachments/`, and its path in the workspace; raises FileRefusedError."""
    try:
        folder = _attachments_folder(folders.workspace(group))
    except OSError as error:
        raise FileRefusedError(f"The folder {ATTACHMENTS}/ cannot be used: {error.strerror}.") from error
    try:
        return _create(folder, plain_name(name))
    except OSError as error:
        raise FileRefusedError(f"The file cannot be written: {error.strerror}.") from error
    finally:
        os.close(folder)


def plain_name(name: str) -> str:
    """A name without folders, control characters and surprises; never empty, never hidden."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem, dot, suffix = UNSAFE.sub("_", last).strip(" .").rpartition(".")
    ending = f".{_short(suffix, 16)}" if dot and stem else ""
    return _short(stem or suffix, NAME_BYTES - len(ending.encode())).strip(" .") + ending or "file"


def open_inside(group: Group, path: str) -> tuple[BinaryIO, str]:
    """A file of the workspace to read, and its path there; symlinks may lead anywhere inside, nowhere outside."""
    root = folders.workspace(group).resolve()
    relative = _inside(root, path)
    try:
        return open_below(root, relative), relative.as_posix()
    except OSError as error:
        raise FileRefusedError(f"The file {path} cannot be read: {error.strerror}.") from error


def remove_inside(group: Group, path: str) -> None:
    """A file that `new_attachment` made and that is not wanted any more."""
    try:
        folder = _attachments_folder(folders.workspace(group))
    except OSError:
        return  # then it is gone with its folder
    try:
        os.unlink(PurePosixPath(path).name, dir_fd=folder)
    except OSError as error:  # the agent was faster, and may have put a folder in its place
        logger.debug("%s of %s is not removed: %s", path, group.folder, error)
    finally:
        os.close(folder)


def _attachments_folder(root: Path) -> int:
    workspace = os.open(root, FOLDER_FLAGS)
    try:
        try:
            os.mkdir(ATTACHMENTS, 0o700, dir_fd=workspace)
        except FileExistsError:
            return os.open(ATTACHMENTS, FOLDER_FLAGS, dir_fd=workspace)
        folder = os.open(ATTACHMENTS, FOLDER_FLAGS, dir_fd=workspace)
        _hand_over(folder)
        return folder
    finally:
        os.close(workspace)


def _create(folder: int, name: str) -> tuple[BinaryIO, str]:
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    for number in range(1, TRIES):
        candidate = name if number == 1 else f"{stem}-{number}{dot}{suffix}"
        try:
            descriptor = os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        except FileExistsError:
            continue
        _hand_over(descriptor)
        return os.fdopen(descriptor, "wb"), f"{ATTACHMENTS}/{candidate}"
    raise FileRefusedError(f"There are too many files called {name}.")


def _hand_over(descriptor: int) -> None:
    """Where the service is root, what the agent works with belongs to the agent's user."""
    if os.getuid() == 0:
        os.fchown(descriptor, *agent_ids())


def _inside(root: Path, path: str) -> PurePosixPath:
    """The path without links, relative to the workspace; as the agent sees it (/workspace/group/…) or relative."""
    given = PurePosixPath(path)
    if given.is_relative_to(WORKSPACE):
        given = given.relative_to(WORKSPACE)
    try:
        real = (root / given).resolve()
        inside = PurePosixPath(real.relative_to(root))
        if real.exists():
            return inside
    except ValueError as error:
        # Whether there is such a file out there, is nothing for the agent to learn.
        raise FileRefusedError(f"The file {path} does not lie in the workspace.") from error
    except (OSError, RuntimeError) as error:
        raise FileRefusedError(f"The file {path} cannot be found in the workspace.") from error
    raise FileRefusedError(f"There is no file {path} in the workspace.")


def _short(text: str, most: int) -> str:
    """At most so many bytes, whole characters."""
    return text.encode(errors="replace")[: max(most, 0)].decode(errors="ignore")
