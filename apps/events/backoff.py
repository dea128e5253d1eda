"""How long to wait before the next try: doubling, bounded and with jitter, so that nothing retries in step."""

import random

MAX_DOUBLINGS = 30  # a number that fits a float, however often something failed


def jittered(seconds: float, low: float, high: float) -> float:
    """Returns `seconds` multiplied by a random factor between `low` and `high`."""
    return seconds * random.uniform(low, high)  # noqa: S311 - not for secrets


def doubled(shortest: float, longest: float, times: int) -> float:
    """Returns `shortest` doubled `times` times, `longest` at most; all in seconds."""
    return min(shortest * 2.0 ** min(max(times, 0), MAX_DOUBLINGS), longest)


class Backoff:
    """Counts tries in a row: `next()` returns the seconds to wait, `reset()` begins again once it works."""

    def __init__(self, shortest: float, longest: float) -> None:
        self.shortest = shortest
        self.longest = longest
        self.last = 0.0  # the wait that `next` chose last, before its jitter; 0 after a reset

    def next(self) -> float:
        self.last = doubled(self.last, self.longest, 1) if self.last else self.shortest
        return jittered(self.last, 0.5, 1)

    def reset(self) -> None:
        self.last = 0.0
