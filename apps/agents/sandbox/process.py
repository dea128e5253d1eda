"""The same runner as a subprocess, for machines without a Docker engine: no walls, so no tools of its own either."""

import logging
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from apps.agents.errors import RuntimeAwayError
from apps.agents.models import Session
from apps.agents.sandbox.base import OpenAgent, Place
from apps.chats.workspace import folders

logger = logging.getLogger(__name__)

RUNNER = settings.BASE_DIR / "container" / "runner"
STOP_TIMEOUT = 5.0  # seconds between the end of its input and its kill
WRITE_TIMEOUT = 30.0  # seconds until a runner that reads nothing counts as dead
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR")  # nothing else of our environment: secrets live there


class PipeStream:
    """A subprocess's pipes; letting go leaves it alive until somebody stops it.

    Nothing is read or written afterwards: the process may be stopped, and its pipes' numbers be another session's.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin
        assert process.stdout
        self._input, self._output = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._input, False)
        self._released, self._release = os.pipe()
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._is_closed = False

    def read(self) -> bytes:
        with self._reading:
            if self._is_closed:
                return b""
            ready = select.select([self._output, self._released], [], [])[0]
            return b"" if self._released in ready else os.read(self._output, 65536)

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        with self._writing:
            while rest:
                self._await_room()
                rest = rest[os.write(self._input, rest) :]

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        os.close(self._release)  # wakes the reader and a writer, who see the pipe's end
        with self._reading, self._writing:
            os.close(self._released)

    def _await_room(self) -> None:
        """Raises OSError when there will be none."""
        if not self._is_closed:
            released, room, _ = select.select([self._released], [self._input], [], WRITE_TIMEOUT)
            if room and not released:
                return
            if not released:
                raise TimeoutError("the runner does not read its input")
        raise BrokenPipeError("the link was let go")


@dataclass(slots=True)
class LiveProcess:
    """A session's runner between turns."""

    process: "subprocess.Popen[bytes]"
    idle: threading.Timer | None = None


_living: dict[int, LiveProcess] = {}  # by session; of this worker only, others begin afresh and resume
_lock = threading.Lock()


class ProcessRuntime:
    name = "process"

    def place(self, session: Session) -> Place:
        return Place(cwd=str(folders.workspace(session.group)), add_dirs=[], builtin_tools="none")

    def warm(self, session: Session) -> OpenAgent | None:
        with _lock:
            living = _living.get(session.pk)
        if living and living.idle:
            living.idle.cancel()
        if living is None or living.process.poll() is not None:
            return None
        return OpenAgent(name=f"process {living.process.pid}", stream=PipeStream(living.process))

    def start(self, session: Session, waiting: Callable[[], None]) -> OpenAgent:
        process = _start(session)
        with _lock:
            _living[session.pk] = LiveProcess(process)
        return OpenAgent(name=f"process {process.pid}", stream=PipeStream(process))

    def release(self, session: Session, agent: OpenAgent) -> None:
        with _lock:
            living = _living.get(session.pk)
        if living is None:
            return
        living.idle = threading.Timer(session.group.idle_timeout, self.discard, args=[session])
        living.idle.daemon = True
        living.idle.start()

    def lives(self, session: Session, agent: OpenAgent) -> bool:
        with _lock:
            living = _living.get(session.pk)
        return living is not None and living.process.poll() is None

    def discard(self, session: Session) -> None:
        with _lock:
            living = _living.pop(session.pk, None)
        if living:
            _stop(living.process)

    def abandon(self, session: Session) -> None:
        self.discard(session)  # a process is this worker's own


def _start(session: Session) -> "subprocess.Popen[bytes]":
    folders.create_workspace(session.group)
    home = folders.session_directory(session.group)
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {
        "HOME": str(home),
        "PYTHONPATH": str(RUNNER),
        "TZ": session.group.timezone,
        "NGB_RUNNER_HOME": str(home),
    }
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "ngb_runner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folders.workspace(session.group),
            env=environment,
            start_new_session=True,  # a Ctrl-C at the terminal is the worker's to handle
        )
    except OSError as error:
        raise RuntimeAwayError(_("The runner could not be started: %s.") % error.strerror) from error


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Its input ends, and with it the runner; one that stays is killed with all it started."""
    assert process.stdin
    assert process.stdout
    process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait(STOP_TIMEOUT)
    process.stdout.close()


def stop_all() -> None:
    """At the end of the worker."""
    with _lock:
        living = list(_living.values())
        _living.clear()
    for one in living:
        if one.idle:
            one.idle.cancel()
        _stop(one.process)
