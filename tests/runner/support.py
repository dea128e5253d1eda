"""Containers for runners, and the two ends of a link."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ngb_runner.link.frames import Frame
from ngb_runner.link.link import Link, open_link

from tests.environment import ROOT
from tests.fakes.messages_api import MessagesApi, ToolUse
from tests.runner.host import Host

RUNNER = ROOT / "container" / "runner"
IMAGE = os.environ.get("AGENT_IMAGE", "nanogridbot-agent:latest")
UID = 10001
OpenHost = Callable[..., Host]

SLEEP = {"type": "prompt", "id": "one", "text": "sleep 1"}
CALL = ToolUse("mcp__ngb__send_message", {"text": "on it"}, text="Let me tell them.")


def docker(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)


def skip_without_image(image: str, how: str) -> None:
    if shutil.which("docker") is None or docker("version").returncode != 0:
        pytest.skip("skipped because Docker is missing")
    if docker("image", "inspect", image).returncode != 0:
        pytest.skip(f"skipped because Docker is missing the image {image} ({how})")


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


def sent(story: Callable[[Link], None]) -> list[Frame]:
    """The frames that reach the host while the story uses a link."""

    async def whole() -> bytes:
        ours, theirs = socket.socketpair()
        link = await open_link(ours.detach())
        reader, writer = await asyncio.open_connection(sock=theirs)
        story(link)
        link.close()
        heard = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        return heard

    return [json.loads(line) for line in asyncio.run(whole()).splitlines()]
