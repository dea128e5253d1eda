import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from tests.environment import service_environment

PATIENCE_S = 60  # only what fails waits so long; a machine that stands still for seconds is no failure


PASSWORD = "correct horse battery"


SETUP = f"""
from django.contrib.auth.models import User
from apps.chats.services import create_group
User.objects.create_superuser("lena", password="{PASSWORD}")
create_group(folder="main", name="Main", is_main=True)
create_group(folder="family", name="The family")
"""


@dataclass
class Site:
    """An installation of its own, and its processes."""

    data: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        bind = f"127.0.0.1:{self.port}"
        return service_environment(self.data, NGB_BIND=bind, AGENT_RUNTIME="process", DATABASE_URL="")

    def python(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=self.environment, check=True, timeout=120)

    def start(self, name: str, *arguments: str) -> None:
        self.processes[name] = subprocess.Popen([sys.executable, *arguments], env=self.environment)

    def start_web(self) -> None:
        address = ["-b", "127.0.0.1", "-p", str(self.port), "--websocket_connect_timeout", str(PATIENCE_S)]
        self.start("web", "-m", "daphne", *address, "nanogridbot.asgi:application")
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline, "the web server does not answer"
            time.sleep(0.1)

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False
