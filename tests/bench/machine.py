"""On what, of what and when it was measured: a figure without its machine says nothing."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).parents[2]


class Machine(TypedDict):
    """As it stands in the JSON."""

    cores: int
    cpu: str
    memory_gb: float
    kernel: str
    python: str
    load: float  # of the last minute, as the run begins: the neighbours' noise
    commit: str
    date: str


def describe() -> Machine:
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        cpu=_first("/proc/cpuinfo", "model name"),
        memory_gb=round(int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1024**2, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        load=round(os.getloadavg()[0], 2),
        commit=_commit(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def sentence(machine: Machine) -> str:
    return (
        f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_gb']:g} GB, Linux {machine['kernel']}, "
        f"Python {machine['python']}, commit {machine['commit']}, {machine['date']}, load {machine['load']:g}"
    )


def _first(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "0"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    return done.stdout.strip() or "unknown"
