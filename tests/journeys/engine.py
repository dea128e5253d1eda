"""A Docker engine of the tests' own, which may be stopped without taking anybody else's containers along."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from tests.journeys.service import wait_until


class Engine:
    """A second dockerd on a socket of its own; needs root."""

    def __init__(self, root: Path) -> None:
        self.host = f"unix://{root}/docker.sock"
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "docker.pid"}
        options = [f"--{option}={self._root / name}" for option, name in places.items()]
        # In a network of its own: an engine without a bridge would remove that of the machine's own engine.
        command = ["unshare", "--net", "dockerd", f"--host={self.host}", "--bridge=none", "--iptables=false", *options]
        with (self._root / "dockerd.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        wait_until(lambda: self.docker("version").returncode == 0, 60, "an engine")
        return self

    def stop(self) -> None:
        """As a machine's administrator stops it: its containers end with it."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    def load(self, image: str) -> None:
        """The image of the machine's own engine."""
        load = ["docker", "-H", self.host, "load", "-q"]
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
            loaded = subprocess.run(load, stdin=saved.stdout, capture_output=True, timeout=180, check=False)
        assert saved.returncode == 0 == loaded.returncode, loaded.stderr

    def docker(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["docker", "-H", self.host, *arguments], capture_output=True, text=True, timeout=60, check=False
        )

    def remove(self) -> None:
        if self._process and self._process.poll() is None:
            self.stop()
        shutil.rmtree(self._root, ignore_errors=True)


def can_start() -> bool:
    return os.geteuid() == 0 and shutil.which("dockerd") is not None
