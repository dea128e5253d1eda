"""The memory of the idle service: the proportional set size of everything that hangs on `manage.py up`."""

import time
from collections import Counter
from pathlib import Path

from tests.bench.report import Figure
from tests.bench.rig import Rig

BOUND_MB = 350
SETTLE = 10.0  # seconds in which imports and first queries end


def measure(rig: Rig) -> Figure:
    time.sleep(SETTLE)
    sizes: Counter[str] = Counter()
    for pid in _tree(_parent(rig.service.pid("web"))):
        sizes[Path(f"/proc/{pid}/comm").read_text().strip()] += _pss_kb(pid)
    details = {f"{name} MB": kb / 1024 for name, kb in sizes.most_common()}
    return Figure("idle memory (PSS of all processes)", sizes.total() / 1024, "MB", at_most=BOUND_MB, details=details)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _tree(int(child))
    return found


def _pss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
