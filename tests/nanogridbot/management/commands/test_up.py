"""`manage.py up` as a person runs it: real processes, a data directory of its own."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.environment import ROOT, free_port, lay_tables, service_environment

pytestmark = pytest.mark.journey
CHILDREN = {"redis", "web", "agents", "worker", "listeners"}


class Up:
    """A running `up`, its log in a file."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        own = {"NGB_BIND": self.url.removeprefix("http://"), "AGENT_RUNTIME": "process", "DATABASE_URL": ""}
        self.environment = service_environment(data_dir, **{**own, **environment})
        self.log_path = data_dir / "up.log"

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *words]
        environment = self.environment
        return subprocess.run(
            command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
        )

    def start(self) -> None:
        with self.log_path.open("w") as log:
            command = [sys.executable, "manage.py", "up"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        assert wait_for(lambda: "Runtime: " in self.log, 90), self.log

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def tree(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def answers(self, path: str = "/healthz") -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def child(self, name: str) -> int:
        """As `ps` shows it."""
        (found,) = [p for p in self.tree() if p.name() == name]
        return int(found.pid)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def gone(processes: list[psutil.Process]) -> bool:
    return not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start_up(**environment: str) -> Up:
        lay_tables(tmp_path)
        started.append(Up(tmp_path, **environment))
        started[-1].start()
        return started[-1]

    yield start_up
    for service in started:
        service.process.kill()
        service.process.wait(30)


@pytest.fixture
def up(start: Callable[..., Up]) -> Up:
    return start()


def test_service_starts_comes_back_and_stops_without_a_trace(up: Up) -> None:
    assert f"Ready: {up.url}/" in up.log
    assert "The admin's name is admin, the password " in up.log
    assert "Runtime: process. AGENT_RUNTIME=process." in up.log
    assert "Agent: demo. There is no key" in up.log
    assert up.answers()

    again = up.manage("up")
    assert again.returncode == 1
    assert f"Another `up` (process {up.process.pid}) serves {up.environment['NGB_DATA_DIR']}" in again.stderr

    os.kill(up.child("redis-server"), signal.SIGKILL)
    assert wait_for(lambda: "redis was killed by Killed (9); it is started again" in up.log, 30)
    assert wait_for(lambda: len(up.tree()) == len(CHILDREN), 30)
    assert wait_for(lambda: up.answers("/readyz"), 60)

    processes = up.tree()
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert gone(processes), up.log
    assert up.log.rstrip().endswith("Stopped.")
    assert "Traceback" not in up.log


def test_killed_children_come_back_and_no_connection_is_refused(up: Up) -> None:
    children = {up.child(f"ngb-{name}") for name in CHILDREN - {"redis"}}
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    assert up.answers()  # waits in the socket that the supervisor holds
    assert wait_for(lambda: len(others := {p.pid for p in up.tree()}) == len(CHILDREN) and not children & others, 30)
    for name in CHILDREN - {"redis"}:
        assert f"{name} was killed by Killed (9); it is started again in" in up.log


def test_killed_service_leaves_nothing_behind(up: Up) -> None:
    processes = up.tree()
    assert len(processes) == len(CHILDREN)
    up.process.kill()
    up.process.wait(30)
    assert wait_for(lambda: gone(processes), 30), processes
    up.start()
    assert up.answers()
    assert "password" not in up.log


@pytest.fixture
def ask_in_background() -> Iterator[Callable[[Up, str], None]]:
    asking: list[subprocess.Popen[bytes]] = []

    def ask(up: Up, prompt: str) -> None:
        command = [sys.executable, "manage.py", "ask", "main", prompt]
        asking.append(subprocess.Popen(command, cwd=ROOT, env=up.environment, stdout=subprocess.DEVNULL))
        assert wait_for(lambda: "attempt 1 begins" in up.log, 60), up.log

    yield ask
    for process in asking:
        process.kill()
        process.wait(30)


def rows(up: Up, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(Path(up.environment["NGB_DATA_DIR"]) / "db.sqlite3")) as database:
        return database.execute(query).fetchall()


def test_turn_in_progress_ends_before_the_service_does(up: Up, ask_in_background: Callable[[Up, str], None]) -> None:
    ask_in_background(up, "sleep 2")
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert rows(up, "SELECT status FROM agents_run") == [("succeeded",)]
    assert rows(up, "SELECT delivery FROM chats_message WHERE direction = 'out'") == [("sent",)]


def test_turn_that_takes_too_long_is_queued_again(
    start: Callable[..., Up], ask_in_background: Callable[[Up, str], None]
) -> None:
    up = start(AGENT_SHUTDOWN_GRACE="1")
    ask_in_background(up, "sleep 50")
    processes = up.tree()
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert gone(processes)
    assert rows(up, "SELECT status FROM agents_run") == [("queued",)]


def test_an_engine_that_is_away_is_said_at_the_start_and_at_the_end(start: Callable[..., Up]) -> None:
    up = start(AGENT_RUNTIME="docker", DOCKER_HOST="tcp://127.0.0.1:1")
    assert "Runtime: docker. No Docker engine answers." in up.log
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert "Containers may be left, which the next start looks after: the Docker engine does not answer." in up.log
    assert "Traceback" not in up.log


def test_second_ctrl_c_stops_at_once(start: Callable[..., Up], ask_in_background: Callable[[Up, str], None]) -> None:
    up = start(AGENT_SHUTDOWN_GRACE="120")
    ask_in_background(up, "sleep 60")
    processes = up.tree()
    up.process.send_signal(signal.SIGINT)
    assert wait_for(lambda: "Ctrl-C once more" in up.log, 30)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(30) == 0
    assert gone(processes)


def test_json_log_is_json_on_every_line(start: Callable[..., Up]) -> None:
    service = start(LOG_FORMAT="json")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0
    events = [json.loads(line) for line in service.log.splitlines()]
    assert any(event["event"].startswith("Ready: ") for event in events)


def test_database_without_tables_is_refused_in_a_sentence(tmp_path: Path) -> None:
    refused = Up(tmp_path).manage("up")
    assert refused.returncode == 1
    assert "migrations are missing: run `manage.py migrate` first." in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr


def test_address_in_use_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = Up(tmp_path, NGB_BIND=f"127.0.0.1:{taken.getsockname()[1]}").manage("up")
    assert refused.returncode == 1
    assert "cannot be listened on (Address already in use)" in refused.stderr


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"NGB_DEBUG": "1"}, "NGB_DEBUG is on"),
        ({"NGB_SECRET_KEY": "short"}, "NGB_SECRET_KEY is shorter than 32"),
    ],
)
def test_unsafe_start_is_refused(tmp_path: Path, environment: dict[str, str], sentence: str) -> None:
    refused = Up(tmp_path, NGB_BIND="0.0.0.0:8000", **environment).manage("up")
    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert "HINT: NGB_BIND=127.0.0.1:8000" in refused.stderr


def test_wrong_setting_is_said_in_a_sentence(tmp_path: Path) -> None:
    refused = Up(tmp_path, AGENT_RUNTIME="podman").manage("up")
    assert refused.returncode == 1
    assert refused.stderr == (
        "The settings are wrong: AGENT_RUNTIME='podman': one of auto, docker, process is expected\n"
    )
