"""`python -m tests.bench`: measures the promises of speed and memory; exit code 1 when a bound is missed."""

import argparse
import sys
from collections.abc import Callable
from functools import partial

from tests.bench import agents, cold, crowd, idle, intake, machine, postgres, report, rig, warm
from tests.bench.bare import product_container
from tests.bench.platforms import all_eight
from tests.bench.report import Figure

JSON = machine.ROOT / "build" / "bench.json"
WARM_CHATS = [-1001, -1002, -1003, -1004]
KINDS = ("service", "intake", "platforms", "agents", "crowd")


def measure_service(*, quick: bool) -> list[Figure]:
    """Idle memory, warm path and cold path, on one running service."""
    cold_groups = {f"cold{number}": -2000 - number for number in range(3 if quick else 11)}
    chats = {"warm": WARM_CHATS, **{group: [chat_id] for group, chat_id in cold_groups.items()}}
    with rig.running(chats) as running:
        memory = idle.measure(running)
        above = warm.measure(running, "warm", WARM_CHATS, pairs=10 if quick else 60)
        ratio = cold.measure(running, cold_groups, like=product_container("warm"))
    return [above, ratio, memory]


def measure_intake(*, quick: bool) -> list[Figure]:
    blocks = 3 if quick else 15
    figures = intake.measure("SQLite", blocks=blocks)
    with postgres.database() as url:
        if url:
            figures += intake.measure("PostgreSQL", blocks=blocks, url=url)
        else:
            print("No PostgreSQL is here: DATABASE_URL_POSTGRES is empty, and Debian's package is not installed.")
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few samples: a look, not a measurement")
    parser.add_argument("--only", choices=KINDS, help="measure only this")
    chosen = parser.parse_args()
    measures: dict[str, Callable[[], list[Figure]]] = {
        "service": partial(measure_service, quick=chosen.quick),
        "intake": partial(measure_intake, quick=chosen.quick),
        "platforms": partial(all_eight.measure, quick=chosen.quick),
        "agents": partial(agents.measure, quick=chosen.quick),
        "crowd": partial(crowd.measure, quick=chosen.quick),
    }
    here = machine.describe()
    print(machine.sentence(here), flush=True)
    figures = [figure for kind in KINDS if chosen.only in (None, kind) for figure in measures[kind]()]
    print(report.table(figures))
    report.write(JSON, here, figures)
    print(f"Written to {JSON.relative_to(machine.ROOT)}.")
    return 0 if all(figure.kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
