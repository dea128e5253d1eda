"""What an agent's tool call costs on its way, and how long fifty containers take to be looked at and removed."""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.machine import ROOT
from tests.bench.report import Figure
from tests.environment import service_environment

TOOL_MS = 5
CONTAINERS_S = 5


def measure(*, quick: bool) -> list[Figure]:
    measured = _run(pairs=3 if quick else 15)
    tools, containers = measured["tools"], measured["containers"]
    call, own = statistics.median(tools["each"]) * 1000, tools["own"] * 1000
    return [
        Figure(
            "a tool call above its database work",
            call - own,
            "ms",
            at_most=TOOL_MS,
            details={"the whole call ms": call, "its own work ms": own},
        ),
        Figure("50 containers adopted", containers["adopted"], "s", at_most=CONTAINERS_S),
        Figure("50 containers reaped", containers["reaped"], "s", at_most=CONTAINERS_S),
    ]


def _run(pairs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="ngb-bench-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.agents_load", str(pairs)],
            cwd=ROOT,
            env=service_environment(Path(folder), AGENT_RUNTIME="docker"),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"agents could not be measured:\n{done.stderr[-4000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))
