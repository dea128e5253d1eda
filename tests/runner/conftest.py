"""Runners to talk to: a plain process, one with the real SDK, one sealed in a container."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fakes.messages_api import MessagesApi
from tests.runner.host import Host
from tests.runner.support import IMAGE, RUNNER, OpenHost, sealed_command, skip_without_image


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
    skip_without_image(IMAGE, "container/build.sh")


@pytest.fixture
def sealed(engine: None, tmp_path: Path, api: MessagesApi) -> Iterator[Host]:
    """A runner in a container as tight as the product makes it."""
    with Host(sealed_command(tmp_path), upstream=api.url) as host:
        yield host


@pytest.fixture
def demo(runner: OpenHost) -> Host:
    """A runner whose agent is the demo."""
    host = runner()
    assert host.start("demo")["type"] == "ready"
    return host
