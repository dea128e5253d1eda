"""Folders in which agents write: they may plant links, pipes and devices there, and race with us.

Every folder on the way is opened by itself and never through a symlink, so nothing outside can be read or written.
"""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# Not blocking: opening a pipe that nobody writes would wait for ever.
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class FileRefusedError(Exception):
    """The file may not be read or written; the sentence is for the agent and for people."""


def open_folder(root: Path, *parts: str) -> int:
    """A descriptor that the caller closes; no part may be a link. Raises OSError."""
    folder = os.open(root, FOLDER_FLAGS)
    for part in parts:
        try:
            inner = os.open(part, FOLDER_FLAGS, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def open_below(root: Path, relative: PurePosixPath) -> BinaryIO:
    """An ordinary file, to read; no link is on the way. Raises OSError, or FileRefusedError for anything but a file."""
    folder = open_folder(root, *relative.parts[:-1])
    try:
        descriptor = os.open(relative.name, READ_FLAGS, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRefusedError("It is no ordinary file.")
    return os.fdopen(descriptor, "rb")


def replace_below(root: Path, relative: PurePosixPath, content: bytes) -> None:
    """The file holds this afterwards, whole; a link of that name is replaced, not followed. Raises OSError."""
    folder = open_folder(root, *relative.parts[:-1])
    new = f".{secrets.token_hex(8)}.new"
    try:
        with os.fdopen(os.open(new, WRITE_FLAGS, 0o644, dir_fd=folder), "wb") as file:
            if os.getuid() == 0:  # whoever has the folder may write its files
                owner = os.fstat(folder)
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(content)
        os.replace(new, relative.name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(new, dir_fd=folder)
        raise
    finally:
        os.close(folder)
