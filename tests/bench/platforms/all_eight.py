"""All eight platforms at once, each against its fake: memory, an answer on each, and a hundred messages a second."""

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.platforms.desk import Desk
from tests.bench.platforms.load import RATE, Load
from tests.bench.platforms.service import AGENTS, LISTENERS, Service, processor_seconds, pss_mb, until
from tests.bench.platforms.wires import Webhook, Wire, all_wires
from tests.bench.report import Figure, p95, p99

STORED_MS = 50
LATE_MS = 50
ACKNOWLEDGED_MS = 200
SETTLE = 2.0  # seconds in which a connection's imports and first queries end
ARRIVE = 30.0  # seconds in which the last message must be stored


def measure(*, quick: bool) -> list[Figure]:
    seconds = 10.0 if quick else 30.0
    with tempfile.TemporaryDirectory(prefix="ngb-bench-") as folder, all_wires() as wires:
        service = Service(Path(folder), report=seconds)
        with service.redis(), Desk(service.environment) as desk:
            channels = desk.prepare([_told(wire) for wire in wires])
            with service.running("listeners", *LISTENERS) as listeners:
                memory = _memory(desk, listeners, wires)
                with service.web():
                    webhooks = {
                        wire.platform: Webhook(service.port, wire, channels[wire.platform])
                        for wire in wires
                        if wire.deliver
                    }
                    answers = _answers(service, wires, webhooks, rounds=2 if quick else 5)
                    loaded = _under_load(service, desk, listeners, Load(wires, webhooks), seconds)
                memory.details["after the load MB"] = pss_mb(listeners)
    return [answers, *loaded, memory]


def _told(wire: Wire) -> dict[str, object]:
    return {"platform": wire.platform, "chat": wire.chat, "options": dict(wire.options)}


def _memory(desk: Desk, listeners: int, wires: Sequence[Wire]) -> Figure:
    """One channel after the other is connected; what several platforms share counts with the first of them."""
    time.sleep(2 * SETTLE)
    sizes = [pss_mb(listeners)]
    for wire in wires:
        desk.connect(wire.platform)
        time.sleep(SETTLE)
        sizes.append(pss_mb(listeners))
    added = {f"+ {wire.platform} MB": sizes[place + 1] - sizes[place] for place, wire in enumerate(wires)}
    details = {"no channel MB": sizes[0], **added, "without Feishu MB": sizes[-2]}
    return Figure("the listeners' memory (PSS)", sizes[-1], "MB", details=details)


def _answers(service: Service, wires: Sequence[Wire], webhooks: Mapping[str, Webhook], *, rounds: int) -> Figure:
    """From a question on each platform to the demo agent's answer there; the first round starts the agent."""
    taken: dict[str, list[float]] = defaultdict(list)
    with service.running("agents", *AGENTS):
        for number in range(rounds + 1):
            for wire in wires:
                taken[wire.platform].append(_turn(wire, webhooks.get(wire.platform), number))
    warm = {platform: samples[1:] for platform, samples in taken.items()}
    details = {f"{platform} ms": statistics.median(samples) * 1000 for platform, samples in warm.items()}
    middle = statistics.median(sample for samples in warm.values() for sample in samples)
    return Figure("question to answer, all eight", middle * 1000, "ms", details=details)


def _turn(wire: Wire, webhook: Webhook | None, number: int) -> float:
    before, began, text = wire.answers(), time.monotonic(), f"@Andy echo {number}"
    if webhook:
        webhook.say(text, number)
    else:
        assert wire.say
        wire.say(text)
    wire.wait_for_answer(before + 1)
    return time.monotonic() - began


def _under_load(service: Service, desk: Desk, listeners: int, load: Load, seconds: float) -> list[Figure]:
    """Begins with one of the listeners' reports and ends behind the next, which so tells of the load alone."""
    reports = len(service.reports())
    until(lambda: len(service.reports()) > reports, "the listeners' report", seconds + 10)
    work = processor_seconds(listeners)
    load.run(seconds + 1)
    work = (processor_seconds(listeners) - work) / (seconds + 1)
    until(lambda: len(desk.stored().keys() & load.at.keys()) == len(load.at), "the last message", ARRIVE)
    median, late, longest = service.reports()[reports + 1]
    details = {"median ms": median, "longest ms": longest, "listeners' processor %": work * 100}
    return [
        _stored(desk.stored(), load.at, seconds + 1),
        Figure("event loop's lateness, p99", late, "ms", at_most=LATE_MS, details=details),
        _acknowledged(load.acknowledged),
    ]


def _stored(stored: Mapping[str, float], at: Mapping[str, float], seconds: float) -> Figure:
    taken = {text: stored[text] - at[text] for text in at}
    by_platform: dict[str, list[float]] = defaultdict(list)
    for text, sample in taken.items():
        by_platform[text.partition(" ")[0]].append(sample)
    every = list(taken.values())
    return Figure(
        f"arrival to stored at {RATE} a second, p99",
        p99(every) * 1000,
        "ms",
        at_most=STORED_MS,
        details={
            "median ms": statistics.median(every) * 1000,
            "p95 ms": p95(every) * 1000,
            "messages a second": len(every) / seconds,
            **{f"{platform} p99 ms": p99(samples) * 1000 for platform, samples in sorted(by_platform.items())},
        },
    )


def _acknowledged(seconds: Sequence[float]) -> Figure:
    details = {"median ms": statistics.median(seconds) * 1000, "p95 ms": p95(seconds) * 1000, "calls": len(seconds)}
    return Figure("webhook acknowledged, p99", p99(seconds) * 1000, "ms", at_most=ACKNOWLEDGED_MS, details=details)
