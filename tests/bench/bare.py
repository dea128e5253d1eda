"""The rival: `bare_agent` in a container that is the product's own in everything but its network and its program.

The product's agents have no network, their model calls travel over the link; the bare SDK needs one, so it gets the
host's: the fastest there is.
"""

import json
import os
import subprocess
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import docker

from tests.fakes.messages_api import MessagesApi

AGENT = Path(__file__).with_name("bare_agent.py")
PYTHON = "/opt/agent/venv/bin/python"
ENGINE_TIMEOUT = 60


class BareAgent:
    """A context manager; `like` is what the engine says of a live container of the product, which has had a turn."""

    def __init__(self, like: dict[str, Any], folder: Path, model: MessagesApi) -> None:
        self._engine = _engine()
        program = [PYTHON, "-c", AGENT.read_text(), model.url, json.dumps(model.turns[-1].body["tools"])]
        self._config = {**like["Config"], "Entrypoint": program, "StdinOnce": True}
        for key in ("Hostname", "Domainname", "Labels"):
            self._config.pop(key)
        self._config["HostConfig"] = {**like["HostConfig"], "NetworkMode": "host"}
        self._config["HostConfig"]["Mounts"] = _mounts(like, folder)
        self._container = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """What `docker run --interactive` does: create, attach, start."""
        self._container = self._engine.create_container_from_config(self._config)["Id"]
        command = ["docker", "start", "--attach", "--interactive", self._container]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def turn(self, prompt: str = "@Andy hello") -> float:
        """Seconds, as the agent itself measured them."""
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(prompt + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(docker.errors.APIError):
            self._engine.remove_container(self._container, force=True, v=True)
        if self._process:
            self._process.communicate(timeout=10)
        self._engine.close()


def product_container(group: str) -> dict[str, Any]:
    """What the engine says of the group's live container."""
    with closing(_engine()) as engine:
        found, *_ = engine.containers(filters={"label": f"ngb.group={group}"})  # the newest first
        return dict(engine.inspect_container(found["Id"]))


def started_at(group: str) -> float:
    """When the group's container was started, on this process's monotonic clock."""
    started = datetime.fromisoformat(product_container(group)["State"]["StartedAt"][:26] + "+00:00")
    return time.monotonic() - (datetime.now(UTC) - started).total_seconds()


def remove_product_container(group: str) -> None:
    with closing(_engine()) as engine:
        for found in engine.containers(filters={"label": f"ngb.group={group}"}):
            engine.remove_container(found["Id"], force=True, v=True)


def cold_turn(like: dict[str, Any], folder: Path, model: MessagesApi) -> float:
    """Seconds from nothing to the first answer."""
    began = time.monotonic()
    with BareAgent(like, folder, model) as agent:
        agent.turn()
        return time.monotonic() - began


def _engine() -> docker.APIClient:
    return docker.from_env(timeout=ENGINE_TIMEOUT).api


def _mounts(like: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """The same places, on folders of its own."""
    mounts = []
    for mount in like["HostConfig"]["Mounts"]:
        source = folder / Path(mount["Target"]).name
        source.mkdir(parents=True, exist_ok=True)
        if not os.getuid():
            owner = int(like["Config"]["User"].partition(":")[0])
            os.chown(source, owner, owner)
        mounts.append({**mount, "Source": str(source)})
    return mounts
