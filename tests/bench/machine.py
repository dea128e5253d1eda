"""On what, of what and when it was measured: a figure without its machine says nothing."""

import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).parents[2]
LOOK = 3.0  # seconds


class Machine(TypedDict):
    """As it stands in the JSON."""

    cores: int
    cpu: str
    memory_gb: float
    kernel: str
    python: str
    busy_percent: int  # with other things, in the seconds before the run: above some 10, times are upper bounds
    commit: str
    date: str


def describe() -> Machine:
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        cpu=_first("/proc/cpuinfo", "model name"),
        memory_gb=round(int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1024**2, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        busy_percent=_busy_percent(),
        commit=_commit(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def sentence(machine: Machine) -> str:
    return (
        f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_gb']:g} GB, Linux {machine['kernel']}, "
        f"Python {machine['python']}, commit {machine['commit']}, {machine['date']}, "
        f"{machine['busy_percent']} % busy with other things"
    )


def _busy_percent() -> int:
    busy, idle = _ticks()
    time.sleep(LOOK)
    busy_then, idle_then = _ticks()
    spent = busy_then - busy, idle_then - idle
    return round(100 * spent[0] / max(1, sum(spent)))


def _ticks() -> tuple[int, int]:
    """Of all cores since boot: at work, and idle (also while it waits for a disk)."""
    user, nice, system, idle, waiting, *others = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    return user + nice + system + sum(others), idle + waiting


def _first(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "0"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    return done.stdout.strip() or "unknown"
