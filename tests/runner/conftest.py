"""Runners to talk to: a plain process, one with the real SDK, one sealed in a container."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.messages_api import MessagesApi, ToolUse
from tests.runner.host import Host

RUNNER = Path(__file__).parents[2] / "container" / "runner"
IMAGE = os.environ.get("AGENT_IMAGE", "nanogridbot-agent:latest")
UID = 10001

OpenHost = Callable[..., Host]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the agent keeps its sessions; a second runner on it is the same agent after a restart."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with MessagesApi() as server:
        yield server


@pytest.fixture
def runner(home: Path) -> Iterator[OpenHost]:
    """Opens runners as subprocesses; all of them are gone at the end of the test."""
    with ExitStack() as open_hosts:

        def open_host(upstream: str = "", **env: str) -> Host:
            # -P, as the image has it: nothing in the working directory may shadow a module.
            command = [sys.executable, "-P", "-m", "ngb_runner"]
            inherited = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(RUNNER)}
            return open_hosts.enter_context(
                Host(command, upstream=upstream, env=inherited | {"NGB_RUNNER_HOME": str(home)} | env)
            )

        yield open_host


@pytest.fixture
def claude(runner: OpenHost, api: MessagesApi) -> Host:
    """A runner whose model calls reach the stub."""
    if importlib.util.find_spec("claude_agent_sdk") is None:
        pytest.skip("skipped because the Claude Agent SDK is missing (requirements/agent.txt)")
    return runner(upstream=api.url)


@pytest.fixture
def engine() -> None:
    """A Docker engine and the agent image."""
    if shutil.which("docker") is None or docker("version").returncode != 0:
        pytest.skip("skipped because Docker is missing")
    if docker("image", "inspect", IMAGE).returncode != 0:
        pytest.skip(f"skipped because Docker is missing the image {IMAGE} (container/build.sh)")


@pytest.fixture
def sealed(engine: None, tmp_path: Path, api: MessagesApi) -> Iterator[Host]:
    """A runner in a container as tight as the product makes it."""
    with Host(sealed_command(tmp_path), upstream=api.url) as host:
        yield host


def docker(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)


def sealed_command(tmp_path: Path, image: str = IMAGE) -> list[str]:
    mounts: list[str] = []
    for folder, target in (("dot-claude", "/home/agent/.claude"), ("group", "/workspace/group")):
        path = tmp_path / folder
        path.mkdir()
        _own(path)
        mounts += ["--volume", f"{path}:{target}"]
    limits = ["--memory", "2g", "--memory-swap", "2g", "--pids-limit", "256", "--tmpfs", "/tmp:size=256m,mode=1777"]
    seal = ["--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    user = ["--user", f"{UID}:{UID}" if os.getuid() == 0 else f"{os.getuid()}:{os.getgid()}"]
    return ["docker", "run", "--rm", "--interactive", *seal, *user, *limits, *mounts, image]


def _own(path: Path) -> None:
    if os.getuid() == 0:
        os.chown(path, UID, UID)


def shell(host: Host, api: MessagesApi, command: str, **start: Any) -> str:
    """Let the agent run a shell command through the SDK's Bash tool; what it printed."""
    host.start(builtin_tools="all", cwd="/workspace/group", **start)
    api.script(ToolUse("Bash", {"command": command}))
    turn = host.turn("run it")
    return "\n".join(str(step["detail"]) for step in turn.of("step") if step["kind"].startswith("tool_"))
