"""How long to wait before trying again: doubling, bounded, with jitter, so that nothing retries in step."""

import random


class Backoff:
    """`next()` seconds to wait; `reset()` once it works again."""

    def __init__(self, shortest: float, longest: float) -> None:
        self.shortest = shortest
        self.longest = longest
        self.last = 0.0  # what `next` said last

    def next(self) -> float:
        self.last = min(max(self.last * 2, self.shortest), self.longest)
        return self.last * random.uniform(0.75, 1)  # noqa: S311 - jitter

    def reset(self) -> None:
        self.last = 0.0
