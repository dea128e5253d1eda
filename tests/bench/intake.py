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

BLOCK = 100
AT_LEAST = {"SQLite": 300, "PostgreSQL": 500}
BOUND_FOR = ("chatter", "calls")
FLOOR = "bare INSERT"


def measure(database: str, *, blocks: int, url: str = "") -> list[Figure]:
    """`url` is the DATABASE_URL; empty: SQLite on a fresh installation."""
    samples = _run(blocks, url)
    floor = [taken[FLOOR] for taken in samples]
    figures = []
    for kind in BOUND_FOR:
        taken = [sample[kind] for sample in samples]
        ratio = statistics.median(one / other for one, other in zip(taken, floor, strict=True))
        figures.append(
            Figure(
                f"intake on {database}: {kind}",
                BLOCK / statistics.median(taken),
                "a second",
                at_least=AT_LEAST[database],
                details={"times the bare INSERT": ratio},
            )
        )
    others = {
        kind: BLOCK / statistics.median(sample[kind] for sample in samples)
        for kind in samples[0]
        if kind not in BOUND_FOR
    }
    figures[-1].details.update({f"{kind} a second": rate for kind, rate in others.items()})
    return figures


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
