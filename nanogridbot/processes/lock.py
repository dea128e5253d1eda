"""One `up` on a data directory at a time; the kernel drops the lock however its holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another `up` holds the lock; the sentence names it."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Raises AlreadyRunningError. Forked children share the lock, so it is free once the last of them is gone."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            sentence = f"Another `up` (process {_written(descriptor)}) serves {path.parent.parent}"
            raise AlreadyRunningError(f"{sentence}: stop it first, or set NGB_DATA_DIR.") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(path: Path) -> str:
    """The process that holds the lock now, or an empty string."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return path.read_text().strip() or "unknown"
    except FileNotFoundError:
        pass
    return ""


def _written(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode().strip() or "unknown"
