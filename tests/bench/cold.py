"""The cold path: the first message of a group that has no container, against a fresh container with the bare SDK."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.bare import cold_turn, remove_product_container
from tests.bench.report import Figure, spread
from tests.bench.rig import Rig

BOUND = 1.3
PAUSE = 0.5


def measure(rig: Rig, groups: dict[str, int], *, like: dict[str, Any]) -> Figure:
    """One pair for each group, as a group has only one first message."""
    ours: list[float] = []
    bare: list[float] = []
    for number, (group, chat_id) in enumerate(groups.items()):
        turns = [(ours, lambda: rig.turn(chat_id)), (bare, lambda: _bare(rig, like))]  # noqa: B023 - called at once
        for samples, turn in turns if number % 2 else reversed(turns):
            time.sleep(PAUSE)
            samples.append(turn())
        remove_product_container(group)
    return Figure(
        "cold turn to the bare SDK's",
        statistics.median(one / other for one, other in zip(ours, bare, strict=True)),
        "times",
        at_most=BOUND,
        details={**spread("product", ours), **spread("bare SDK", bare)},
    )


def _bare(rig: Rig, like: dict[str, Any]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return cold_turn(like, Path(folder), rig.model)
