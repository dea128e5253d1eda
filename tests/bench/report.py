"""What was measured: figures with their bounds, as a table and as JSON."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.machine import Machine


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; without a bound it is only told. `details` explain it: name → number."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    details: dict[str, float] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        above = self.at_most is not None and self.value > self.at_most
        below = self.at_least is not None and self.value < self.at_least
        return not (above or below)

    @property
    def bound(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else ""


def p95(samples: Sequence[float]) -> float:
    return statistics.quantiles(samples, n=20, method="inclusive")[-1]


def p99(samples: Sequence[float]) -> float:
    return statistics.quantiles(samples, n=100, method="inclusive")[-1]


def spread(name: str, seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    return {f"{name} median ms": statistics.median(seconds) * 1000, f"{name} p95 ms": p95(seconds) * 1000}


def table(figures: Sequence[Figure]) -> str:
    lines = [f"{'figure':<42} {'value':>9} {'unit':<9} {'bound':>7}  "]
    for figure in figures:
        verdict = ("kept" if figure.kept else "MISSED") if figure.bound else ""
        lines.append(f"{figure.name:<42} {figure.value:>9.1f} {figure.unit:<9} {figure.bound:>7}  {verdict}")
        lines += [f"    {name:<38} {value:>9.1f}" for name, value in figure.details.items()]
    return "\n".join(lines)


def write(path: Path, machine: Machine, figures: Sequence[Figure]) -> None:
    path.parent.mkdir(exist_ok=True)
    content = {"machine": machine, "figures": [_as_json(figure) for figure in figures]}
    path.write_text(json.dumps(content, indent=2) + "\n")


def _as_json(figure: Figure) -> dict[str, object]:
    return {
        "name": figure.name,
        "value": round(figure.value, 3),
        "unit": figure.unit,
        "bound": figure.bound,
        "kept": figure.kept,
        "details": {name: round(value, 3) for name, value in figure.details.items()},
    }
