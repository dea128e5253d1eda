"""The warm path: how much the product adds to a turn of the bare SDK."""

import statistics
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from tests.bench.bare import BareAgent, product_container
from tests.bench.report import Figure, spread
from tests.bench.rig import Rig

BOUND_MS = 40
WARM_UP = 3
PAUSE = 0.15  # seconds in which a turn's after-work ends, and the channel polls again


def measure(rig: Rig, group: str, chat_ids: Sequence[int], *, pairs: int) -> Figure:
    """In pairs, now the one first and now the other, so that the machine's moods cancel out.

    The chats take turns: they share the group's one agent, and Telegram takes 20 messages a minute into each of them.
    """
    chats = cycle(chat_ids)
    rig.turn(next(chats))
    ours: list[float] = []
    bare: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        BareAgent(product_container(group), Path(folder), rig.model) as agent,
    ):
        turns = [(ours, lambda: rig.turn(next(chats))), (bare, agent.turn)]
        for _ in range(pairs + WARM_UP):
            for samples, turn in turns:
                time.sleep(PAUSE)
                samples.append(turn())
            turns.reverse()
    del ours[:WARM_UP], bare[:WARM_UP]
    above = [one - other for one, other in zip(ours, bare, strict=True)]
    return Figure(
        "warm turn above the bare SDK's",
        statistics.median(above) * 1000,
        "ms",
        at_most=BOUND_MS,
        details={**spread("product", ours), **spread("bare SDK", bare), **spread("above", above)},
    )
