"""The processes that hold the platforms, each by itself as in production: Redis, web, listeners, agent worker."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nanogridbot.processes import embedded_redis
from tests.bench.machine import ROOT
from tests.environment import service_environment

START_TIMEOUT = 60.0
REPORT = re.compile(r"lateness: median ([\d.]+) ms, p99 ([\d.]+) ms, at most ([\d.]+) ms")
LISTENERS = ("manage.py", "runchannels")
AGENTS = ("-m", "celery", "-A", "nanogridbot", "worker", "-Q", "agents", "-P", "threads")


class Service:
    """On a fresh data directory with SQLite; `running` ends what it starts."""

    def __init__(self, folder: Path, *, report: float) -> None:
        self.port = _free_port()
        self._logs = folder
        data_dir = folder / "data"
        data_dir.mkdir()
        self.environment = service_environment(
            data_dir,
            NGB_BIND=f"127.0.0.1:{self.port}",
            AGENT_RUNTIME="process",
            CHANNEL_LATENESS_REPORT=str(report),
        )
        self.environment.pop("DATABASE_URL", None)
        self._redis_socket = data_dir / "run" / "redis.sock"
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=self.environment, check=True, timeout=120)

    @contextmanager
    def redis(self) -> Iterator[None]:
        server = embedded_redis.start(self._redis_socket)
        try:
            yield
        finally:
            _end(server)

    @contextmanager
    def running(self, name: str, *arguments: str) -> Iterator[int]:
        """The process id of this Python program."""
        with self._log(name).open("ab") as log:
            process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=self.environment, stdout=log,
                                       stderr=log)  # fmt: skip
        try:
            yield process.pid
        except BaseException:
            sys.stderr.write(f"The end of {name}'s log:\n{self._log(name).read_text()[-4000:]}\n")
            raise
        finally:
            _end(process)

    @contextmanager
    def web(self) -> Iterator[int]:
        """Until it takes requests."""
        address = ["-b", "127.0.0.1", "-p", str(self.port), "nanogridbot.asgi:application"]
        with self.running("web", "-m", "daphne", *address) as pid:
            until(lambda: _answers(self.port), "the web process")
            yield pid

    def reports(self) -> Sequence[tuple[float, float, float]]:
        """What the listeners said of their lateness: median, p99 and the longest, in milliseconds."""
        found = REPORT.findall(self._log("listeners").read_text())
        return [(float(median), float(p99), float(longest)) for median, p99, longest in found]

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def until(condition: Callable[[], bool], what: str, seconds: float = START_TIMEOUT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:g} s"
        time.sleep(0.02)


def pss_mb(pid: int) -> float:
    """The proportional set size: what is shared with other processes counts in shares."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(30)
    finally:
        process.kill()
        process.wait(5)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
