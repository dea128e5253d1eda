"""What the container's limits have refused, as the kernel counts it in the control group: version 2, else 1."""

from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
COUNTS = {
    "memory": (("memory.events", "oom_kill"), ("memory/memory.oom_control", "oom_kill")),
    "processes": (("pids.events", "max"), ("pids/pids.events", "max")),
}


class Limits:
    """Outside a container the files count nobody's agent; only what rises meanwhile is told."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._counts = self._now()

    def hit(self) -> list[str]:
        """Which of the limits were hit since this was asked last."""
        before, self._counts = self._counts, self._now()
        return [name for name, count in self._counts.items() if count > before[name]]

    def _now(self) -> dict[str, int]:
        return {name: max(self._count(*place) for place in places) for name, places in COUNTS.items()}

    def _count(self, file: str, wanted: str) -> int:
        try:
            lines = (self._root / file).read_text().splitlines()
        except OSError:  # the other version, or a kernel that shows none
            return 0
        return next((int(line.split()[1]) for line in lines if line.startswith(f"{wanted} ")), 0)
