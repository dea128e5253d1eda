"""The whole service as a person runs it: `manage.py up` in processes of its own, on a data directory of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.environment import ROOT, free_port, lay_tables, service_environment

START_TIMEOUT = 60.0
STOP_TIMEOUT = 40.0
CHILDREN = ("web", "agents", "worker", "listeners", "redis")


def wait_until(condition: Callable[[], Any], seconds: float = 60.0, what: str = "it") -> Any:
    """The condition's first true value; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.02)
    return value


class Service:
    """A context manager; `log` holds everything that was printed."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = data_dir.parent / f"{data_dir.name}.log"
        own = {"NGB_BIND": f"127.0.0.1:{self.port}", "DATABASE_URL": ""}
        self.environment = service_environment(data_dir, **own, **settings)
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def fresh(cls, folder: Path, **settings: str) -> Self:
        """On a data directory of its own in this folder, with tables and nothing in them."""
        data_dir = folder / "data"
        data_dir.mkdir(parents=True)
        lay_tables(data_dir)
        return cls(data_dir, **settings)

    def start(self) -> Self:
        with self.log_path.open("ab") as log:
            command = [sys.executable, "manage.py", "up"]
            self._process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        wait_until(lambda: self._ended() or "Ready:" in self.log, START_TIMEOUT, "the start of the service")
        assert not self._ended(), self.log
        return self

    def stop(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT)
        finally:
            self._process.kill()
            self._process.wait(20)

    def crash(self) -> None:
        """`up` is killed, and everything that hangs on it goes along."""
        assert self._process
        children = [self.pid(child) for child in CHILDREN]
        self._process.kill()
        self._process.wait(20)
        wait_until(lambda: not any(is_alive(pid) for pid in children), 30, "the end of its children")

    def manage(self, *arguments: str, check: bool = True, stdin: str = "") -> str:
        """A management command's standard output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def rows(self, expression: str) -> Any:
        """The value of a Python expression over the service's own models, as JSON can carry it."""
        names = "from apps.chats.models import *; from apps.agents.models import *; import json"
        return json.loads(
            self.manage("shell", "--no-imports", "-c", f"{names}; print(json.dumps({expression}, default=str))")
        )

    def get(self, path: str) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def kill(self, child: str, number: int = signal.SIGKILL) -> int:
        """The child that `up` calls so is killed; its process id."""
        pid = self.pid(child)
        os.kill(pid, number)
        return pid

    def pid(self, child: str) -> int:
        """Of the child that `ps` shows as `ngb-<child>`, or as `redis-server`."""
        assert self._process
        names = {f"ngb-{child}", f"{child}-server"}
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        found = [int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() in names]
        assert len(found) == 1, f"{len(found)} children are called {child}"
        return found[0]

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            sys.stderr.write(self.log[-20_000:])
        if not self._ended():
            self.stop()


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
