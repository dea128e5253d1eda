"""What the kernel counts when a limit is hit, in both versions of its control groups."""

from pathlib import Path

import pytest
from ngb_runner.limits import Limits


@pytest.mark.parametrize(
    ("memory", "processes"),
    [("memory.events", "pids.events"), ("memory/memory.oom_control", "pids/pids.events")],
)
def test_what_rises_is_told_once(tmp_path: Path, memory: str, processes: str) -> None:
    for name in (memory, processes):
        (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / memory).write_text("oom 3\noom_kill 1\n")
    (tmp_path / processes).write_text("max 0\n")
    limits = Limits(tmp_path)
    assert limits.hit() == []
    (tmp_path / memory).write_text("oom 5\noom_kill 2\n")
    assert limits.hit() == ["memory"]
    (tmp_path / processes).write_text("max 7\n")
    assert limits.hit() == ["processes"]
    assert limits.hit() == []


def test_where_nothing_is_counted_nothing_is_told(tmp_path: Path) -> None:
    assert Limits(tmp_path).hit() == []
