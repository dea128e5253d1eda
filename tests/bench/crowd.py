"""Twenty groups at once: a warm turn beside twenty bare SDKs under the same load, and how many agents start at once."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.bench import rig
from tests.bench.bare import BareAgent, product_container, started_at
from tests.bench.report import Figure, p95, spread

GROUPS = 20
AT_MOST = 2.0  # times the bare SDK's
Turn = Callable[[], float]


def measure(*, quick: bool) -> list[Figure]:
    folders = {f"crowd{number}": -3000 - number for number in range(GROUPS)}
    room = {"AGENT_MAX_CONTAINERS": str(GROUPS), "AGENT_CONCURRENCY": str(GROUPS)}
    with rig.running({name: [chat_id] for name, chat_id in folders.items()}, **room) as running:
        cold = _cold_starts(running, folders)
        with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
            like = product_container("crowd0")
            agents = [stack.enter_context(BareAgent(like, Path(home) / name, running.model)) for name in folders]
            ours = [lambda chat_id=chat_id: running.turn_in(chat_id) for chat_id in folders.values()]
            bare = [agent.turn for agent in agents]
            _all_at_once(bare, 1)
            return [cold, _under_load(ours, bare, rounds=2 if quick else 8)]


def _under_load(ours: Sequence[Turn], bare: Sequence[Turn], *, rounds: int) -> Figure:
    """Each of the twenty begins its next turn when it has the answer; product and rival take blocks in turn."""
    product: list[float] = []
    rival: list[float] = []
    blocks = [(product, ours), (rival, bare)]
    for _ in range(2):
        for samples, turns in blocks:
            samples += _all_at_once(turns, rounds)
            time.sleep(1)
        blocks.reverse()
    return Figure(
        f"p95 of a warm turn, {GROUPS} groups at once",
        p95(product) / p95(rival),
        "times",
        at_most=AT_MOST,
        details={**spread("product", product), **spread("bare SDK", rival)},
    )


def _all_at_once(turns: Sequence[Turn], rounds: int) -> list[float]:
    with ThreadPoolExecutor(len(turns)) as people:
        each = people.map(lambda turn: [turn() for _ in range(rounds)], turns)
        return [seconds for samples in each for seconds in samples]


def _cold_starts(running: rig.Rig, folders: dict[str, int]) -> Figure:
    """All are called at once. Each start takes longer than a second: so many in one second are under way together."""
    with ThreadPoolExecutor(GROUPS) as people:
        took = list(people.map(lambda item: running.turn_in(item[1], f"@Andy hello {item[0]}."), folders.items()))
    starts = sorted(started_at(folder) for folder in folders)
    most = max(sum(begun <= other < begun + 1 for other in starts) for begun in starts)
    return Figure(
        f"agents started within a second, of {GROUPS}",
        most,
        "",
        at_most=os.cpu_count() or 1,
        details={"the first answer ms": min(took) * 1000, "the last answer ms": max(took) * 1000},
    )
