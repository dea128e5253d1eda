import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.environment import ROOT
from tests.fakes.messages_api import MessagesApi, ToolUse
from tests.runner.host import Host

RUNNER = ROOT / "container" / "runner"


IMAGE = os.environ.get("AGENT_IMAGE", "nanogridbot-agent:latest")


UID = 10001


OpenHost = Callable[..., Host]


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
