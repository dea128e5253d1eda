"""How much disk a folder takes, found out within bounds, however its owner has built it."""

import logging
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

logger = logging.getLogger(__name__)

MAX_SECONDS = 5.0
MAX_FILES = 500_000  # more than that counts as too much, whatever their size
MAX_PATH = 3500  # characters; the system takes 4095
MAX_PENDING = 32 * 1024 * 1024  # characters of the names of folders still to be looked into
MAX_LISTED = 1000  # names that are looked at for the largest
NOTABLE = 1024 * 1024  # bytes
BLOCK = 512  # bytes; what st_blocks counts in


@dataclass(frozen=True, slots=True)
class Size:
    """What was found. Not `whole`: at least that much. `trouble` says in words what cannot be measured."""

    bytes: int
    files: int
    whole: bool = True
    trouble: str = ""


@dataclass(slots=True)
class _Walk:
    """One walk; folders are looked into one at a time, so that depth costs no open files."""

    deadline: float
    bytes: int = 0
    files: int = 0
    trouble: str = ""
    pending: list[str] = field(default_factory=list)
    pending_length: int = 0
    seen: set[tuple[int, int]] = field(default_factory=set)  # files with several names

    def push(self, path: str) -> None:
        if len(path) > MAX_PATH:
            self.trouble = f"its folders lie more than {MAX_PATH} characters deep"
        elif self.pending_length + len(path) > MAX_PENDING:
            self.trouble = "it has too many folders"
        else:
            self.pending.append(path)
            self.pending_length += len(path)

    def pop(self) -> str:
        path = self.pending.pop()
        self.pending_length -= len(path)
        return path

    @property
    def late(self) -> bool:
        return time.monotonic() > self.deadline

    def look_into(self, path: str) -> None:
        """A link is never followed, neither here nor on the way."""
        try:
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except PermissionError:  # an agent of our own user could hide there what it likes
            self.trouble = "a folder in it is closed to the service"
            return
        except OSError as error:  # gone, or exchanged for a link
            logger.debug("%s is not measured: %s", path, error)
            return
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._count(entry, path)
                    if self.trouble or (self.files % 1000 == 0 and self.late):
                        return
        except OSError as error:
            logger.debug("%s is not measured whole: %s", path, error)
        finally:
            os.close(folder)

    def _count(self, entry: "os.DirEntry[str]", path: str) -> None:
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:  # gone meanwhile
            return
        self.files += 1
        if self.files > MAX_FILES:
            self.trouble = f"it holds more than {MAX_FILES} files"
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
            if (found.st_dev, found.st_ino) in self.seen:
                return
            self.seen.add((found.st_dev, found.st_ino))
        self.bytes += found.st_blocks * BLOCK  # what it takes, not what it claims: a file may have holes
        if stat.S_ISDIR(found.st_mode):
            self.push(f"{path}/{entry.name}")


def measure(folders: Iterable[Path], *, seconds: float = MAX_SECONDS) -> Size:
    """All of them together; a file with several names counts once."""
    walk = _Walk(time.monotonic() + seconds)
    for folder in folders:
        walk.push(str(folder))
    while walk.pending and not walk.trouble and not walk.late:
        walk.look_into(walk.pop())
    whole = not walk.pending and not walk.trouble and not walk.late
    return Size(walk.bytes, walk.files, whole, walk.trouble)


def largest(folder: Path, *, most: int = 5, seconds: float = 2.0) -> list[tuple[str, int]]:
    """Names in the folder with the bytes that lie there, the largest first, as far as time allows; nothing small."""
    deadline = time.monotonic() + seconds
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MAX_LISTED):
                size = entry.stat(follow_symlinks=False).st_blocks * BLOCK
                if entry.is_dir(follow_symlinks=False):
                    size += measure([folder / entry.name], seconds=max(deadline - time.monotonic(), 0.05)).bytes
                found[entry.name] = size
                if time.monotonic() > deadline:
                    break
    except OSError as error:  # gone meanwhile
        logger.debug("%s is not listed whole: %s", folder, error)
    notable = [(name, size) for name, size in found.items() if size >= NOTABLE]
    return sorted(notable, key=lambda one: -one[1])[:most]
