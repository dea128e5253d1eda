"""Keeps children alive: passes their lines on, starts the dead again with a jittered back-off, stops them in order.

It has one thread, no database connection and no Redis client, so that it can fork at any time.
"""

import errno
import os
import selectors
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from apps.events.backoff import doubled, jittered
from nanogridbot.processes.child import Child, Program, adopt_orphans, descendants, start
from nanogridbot.processes.output import Output

BACKOFF = (0.5, 30.0)  # seconds before the first new start, and at most
STABLE = 30.0  # a child that lived so long had a good start
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    def __init__(self, output: Output) -> None:
        self.output = output
        self.children: dict[str, Child] = {}
        self.stopping = False
        self.hurried = False
        self._failures: dict[str, int] = {}
        self._due: dict[str, tuple[float, Program]] = {}
        self._selector = selectors.DefaultSelector()
        self._wakeup = os.pipe()
        for descriptor in self._wakeup:
            os.set_blocking(descriptor, False)
        self._selector.register(self._wakeup[0], selectors.EVENT_READ)
        signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _only_wake)
        for number in STOP_SIGNALS:
            signal.signal(number, self._asked_to_stop)
        adopt_orphans()

    # Starting and living

    def start(self, program: Program) -> None:
        child = start(program, self._forget)
        self.children[program.name] = child
        self._selector.register(child.pipe, selectors.EVENT_READ, child)

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Serves the children until the condition holds; False when time is up, or a stop was asked for meanwhile."""
        was_stopping = self.stopping
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0 or self.hurried or self.stopping != was_stopping:
                return condition()
            self._turn(min(left, 0.05))
        return True

    def serve(self) -> None:
        """Until somebody asks for the stop."""
        while not self.stopping:
            self._turn(None)

    def mark_ready(self, name: str) -> None:
        """For a program that cannot say it itself."""
        if child := self.children.get(name):
            child.ready = True

    def unready(self) -> list[str]:
        """Who does not serve: starting still, or waiting for a new start."""
        return [*self._due, *[name for name, child in self.children.items() if not child.ready]]

    # Stopping

    def stop(self, names: list[str], seconds: float) -> None:
        """Asks these children to end, and kills what is still there after so many seconds."""
        for name in names:
            self._due.pop(name, None)
            if child := self.children.get(name):
                child.send(signal.SIGTERM)
        self.wait_until(lambda: not self.children.keys() & set(names), seconds)
        for name in names:
            if child := self.children.get(name):
                if not self.hurried:
                    self.output.say(f"{name} did not end within {seconds:g} s and is killed.", level="warning")
                child.kill()
        self.wait_until(lambda: not self.children.keys() & set(names), 2)

    def run_once(self, program: Program, seconds: float) -> bool:
        """A short errand in a child of its own; False when it failed or took too long."""
        self.start(program)
        child = self.children[program.name]
        if not self.wait_until(lambda: child.code is not None, seconds):
            child.kill()
            self.wait_until(lambda: child.code is not None, 2)
        return child.code == 0

    def kill_everything(self) -> None:
        """Nothing that hangs on this process is left when this returns."""
        self.stopping = True
        for child in self.children.values():
            child.kill()
        deadline = time.monotonic() + 5
        while (left := descendants()) and time.monotonic() < deadline:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._turn(0.02)

    # One turn of the loop

    def _turn(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(self._until_due(timeout)):
            if key.data is None:
                _drain(self._wakeup[0])
            else:
                self._read(key.data)
        self._reap()
        self._start_due()

    def _until_due(self, timeout: float | None) -> float | None:
        if not self._due:
            return timeout
        due = max(0.0, min(moment for moment, _ in self._due.values()) - time.monotonic())
        return due if timeout is None else min(due, timeout)

    def _read(self, child: Child) -> bool:
        """Passes on what the child has said; False at the end of its pipe."""
        try:
            chunk = os.read(child.pipe, 65536)
        except BlockingIOError:
            return False
        for line in child.lines.feed(chunk):
            if line == "\0ready":
                child.ready = True
            else:
                self.output.line(child.program.name, line)
        if not chunk:
            self._selector.unregister(child.pipe)
            os.close(child.pipe)
            child.pipe = -1
        return bool(chunk)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if child := next((child for child in self.children.values() if child.pid == pid), None):
                self._buried(child, os.waitstatus_to_exitcode(status))

    def _buried(self, child: Child, code: int) -> None:
        child.kill()  # what it had started goes with it
        while child.pipe >= 0 and self._read(child):
            pass
        if child.pipe >= 0:  # an orphan still holds the other end
            self._selector.unregister(child.pipe)
            os.close(child.pipe)
        child.code = code
        del self.children[child.program.name]
        if child.program.restart and not self.stopping:
            self._plan_restart(child)

    def _plan_restart(self, child: Child) -> None:
        name = child.program.name
        lived = time.monotonic() - child.started
        failures = 0 if lived > STABLE else self._failures.get(name, 0)
        self._failures[name] = failures + 1
        delay = pause_after(failures)
        self._due[name] = (time.monotonic() + delay, child.program)
        self.output.say(f"{name} {child.ending}; it is started again in {delay:.1f} s.", level="error")

    def _start_due(self) -> None:
        if self.stopping:
            self._due.clear()
        for name, (moment, program) in list(self._due.items()):
            if moment <= time.monotonic():
                del self._due[name]
                self._start_again(program)

    def _start_again(self, program: Program) -> None:
        try:
            self.start(program)
        except OSError as error:  # no memory, or too many processes: later it may go
            if error.errno not in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
                raise
            self._due[program.name] = (time.monotonic() + BACKOFF[1], program)
            self.output.say(f"{program.name} cannot be started: {error.strerror}.", level="error")

    def _asked_to_stop(self, number: int, _frame: FrameType | None) -> None:
        """A terminal that goes away says so beside whoever stops us: that is no second request."""
        self.hurried = self.hurried or (self.stopping and number != signal.SIGHUP)
        self.stopping = True

    def _forget(self) -> None:
        """In a new child: what belongs to the parent is closed."""
        self._selector.close()
        signal.set_wakeup_fd(-1)
        for descriptor in self._wakeup:
            os.close(descriptor)
        for child in self.children.values():
            if child.pipe >= 0:
                os.close(child.pipe)


def pause_after(failures: int) -> float:
    """Seconds before a new start, after so many in a row that ended soon; there is no end to their number."""
    return jittered(doubled(*BACKOFF, failures), 0.8, 1.2)


def _only_wake(_number: int, _frame: FrameType | None) -> None:
    """A handler is enough: the wake-up pipe ends the select, and the turn reaps."""


def _drain(descriptor: int) -> None:
    with suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass
