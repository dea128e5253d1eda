"""Two ends of a process beside the service: `Desk` asks, `python -m tests.bench.platforms.desk` sees to the rows.

It hears when a message is stored as the live page does: from the publication after the commit. So a time is rather too
long than too short, and nobody has to look at the table meanwhile. CLOCK_MONOTONIC is the same in all processes.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from tests.bench.machine import ROOT


class Desk:
    """A context manager. Every question waits for its answer."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._process: subprocess.Popen[str] | None = None

    def prepare(self, platforms: list[dict[str, Any]]) -> dict[str, int]:
        """A disabled channel of each with one chat, all of one group; the channels by platform."""
        return dict(self._ask("prepare", platforms))

    def connect(self, platform: str, seconds: float = 30) -> None:
        """Enables the channel; returns when it is online."""
        self._ask("enable", platform)
        deadline = time.monotonic() + seconds
        while (status := self._ask("status", platform))[0] != "online":
            assert time.monotonic() < deadline, f"{platform} is {status}"
            time.sleep(0.05)

    def stored(self) -> dict[str, float]:
        """When each message from outside was known to be stored, by its text."""
        return dict(self._ask("stored", None))

    def _ask(self, what: str, about: object) -> Any:
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([what, about]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the desk has ended; what it said stands above"
        return json.loads(answer)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.bench.platforms.desk"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()


def _serve() -> None:
    import django

    django.setup()
    from tests.bench.platforms.rows import Rows

    rows = Rows()
    answers: dict[str, Callable[[Any], object]] = {
        "prepare": rows.prepare, "enable": rows.enable, "status": rows.status, "stored": rows.stored,
    }  # fmt: skip
    for line in sys.stdin:
        what, about = json.loads(line)
        print(json.dumps(answers[what](about)), flush=True)


if __name__ == "__main__":
    _serve()
