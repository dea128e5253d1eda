"""Intake: messages stored in a second, with deduplication on, against bare rows from the database's own driver."""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.machine import ROOT
from tests.bench.report import Figure
from tests.environment import service_environment

BLOCK = 100  # messages: as many as Telegram hands over at once
AT_LEAST = {"SQLite": 300, "PostgreSQL": 500}
BOUND_FOR = {"chatter": "one chatter", "calls": "one call"}  # a flood, and the same one at a time
FLOOR = "bare INSERT"


def measure(database: str, *, blocks: int, url: str = "") -> list[Figure]:
    """`url` is the DATABASE_URL; empty: SQLite on a fresh installation."""
    samples = _run(blocks, url)

    def rate(kind: str) -> float:
        return BLOCK / statistics.median(sample[kind] for sample in samples)

    def times(kind: str) -> float:
        return statistics.median(sample[kind] / sample[FLOOR] for sample in samples)

    return [
        Figure(
            f"{kind} stored on {database}",
            rate(kind),
            "a second",
            at_least=AT_LEAST[database],
            details={
                "one at a time, a second": rate(single),
                "the driver's bare INSERT, a second": rate(FLOOR),
                "time to the bare INSERT's": times(kind),
                "one at a time, to the bare INSERT's": times(single),
            },
        )
        for kind, single in BOUND_FOR.items()
    ]


def _run(blocks: int, url: str) -> list[dict[str, float]]:
    with tempfile.TemporaryDirectory(prefix="ngb-bench-") as folder:
        environment = service_environment(Path(folder), **({"DATABASE_URL": url} if url else {}))
        if not url:
            environment.pop("DATABASE_URL", None)
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.intake_load", str(blocks)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"intake could not be measured:\n{done.stderr[-4000:]}")
    return list(json.loads(done.stdout.splitlines()[-1]))
