"""A forked child: it shares the loaded pages with its parent, speaks through a pipe, and never outlives it."""

import ctypes
import io
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from nanogridbot.processes.output import LineBuffer

logger = logging.getLogger(__name__)

READY = b"\0ready\n"
SET_DEATH_SIGNAL, SET_NAME, SET_CHILD_SUBREAPER = 1, 15, 36  # linux/prctl.h
SUPERVISED = False


@dataclass(frozen=True)
class Program:
    """What a child does: `main` returns when it has ended, and calls `say_ready` when it serves."""

    name: str
    main: Callable[[], None]
    restart: bool = True


@dataclass
class Child:
    """A running program, seen from its parent."""

    program: Program
    pid: int
    pipe: int
    ready: bool = False
    code: int | None = None  # once it has ended; negative: the signal that killed it
    started: float = field(default_factory=time.monotonic)
    lines: LineBuffer = field(default_factory=LineBuffer)

    def send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """The child and everything it started that stayed in its group."""
        self.send(signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    @property
    def ending(self) -> str:
        if self.code is None or self.code >= 0:
            return f"ended with code {self.code}"
        return f"was killed by {signal.strsignal(-self.code) or 'a signal'} ({-self.code})"


def say_ready() -> None:
    """Tell the parent that this child serves now; without a parent that listens, nothing happens."""
    if SUPERVISED:
        os.write(1, READY)


def start(program: Program, forget: Callable[[], None]) -> Child:
    """Forks; `forget` closes in the child what belongs to the parent."""
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _live(program, parent, writing, forget)
    os.close(writing)
    os.set_blocking(reading, False)
    return Child(program, pid, reading)


def _live(program: Program, parent: int, pipe: int, forget: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        forget()
        _settle(parent, pipe)
        call_oneself(program.name)
        program.main()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        logger.exception("%s failed", program.name)
    finally:
        with suppress(Exception):
            sys.stdout.flush()
        os._exit(code)


def _settle(parent: int, pipe: int) -> None:
    """A session of its own (the terminal's Ctrl-C reaches the parent only), its pipe, no handlers of the parent."""
    global SUPERVISED  # noqa: PLW0603
    SUPERVISED = True
    os.setsid()
    die_with(parent)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((nothing, 0), (pipe, 1), (pipe, 2)):
        os.dup2(descriptor, place)
    os.close(nothing)
    os.close(pipe)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def die_with(parent: int) -> None:
    """The kernel kills this process when its parent is gone, however that came about (Linux)."""
    _prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def call_oneself(name: str) -> None:
    """What `ps -o comm` and `top` show; the kernel keeps 15 bytes (Linux)."""
    _prctl(SET_NAME, ctypes.create_string_buffer(f"ngb-{name}".encode()[:15]))


def adopt_orphans() -> None:
    """Processes that children leave behind become ours, so that none can escape (Linux)."""
    _prctl(SET_CHILD_SUBREAPER, 1)


def descendants() -> list[int]:
    """Every process that hangs on this one now (Linux)."""
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    """Linux lists them for each thread."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, path.read_text().split())
    return found


def _prctl(option: int, value: Any) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
