"""Token buckets: a channel, and each chat on it, sends no faster than the platform allows."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from apps.platforms.base import Adapter, Rate

MOST_CHATS = 1000  # the buckets of the least recently used ones are forgotten; a full one is like a new one


class Bucket:
    """`turn()` returns when one more may go; in the order in which they asked."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._free_at = 0.0  # when the bucket is full again

    def delay(self) -> float:
        """Takes one, and says for how many seconds the taker must wait."""
        now = self._clock()
        each = self.rate.seconds / self.rate.count
        self._free_at = max(self._free_at, now) + each
        return max(0.0, self._free_at - now - self.rate.seconds)


class Rates:
    """The buckets of everything that is sent; they outlive a reconnect."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[int, str], Bucket] = OrderedDict()

    async def turn(self, channel_id: int, chat_id: str, adapter: Adapter) -> None:
        """Returns when one more part may be sent into this chat."""
        for key, rate in (((channel_id, chat_id), adapter.chat_rate(chat_id)), ((channel_id, ""), adapter.rate)):
            if rate and (delay := self._bucket(key, rate).delay()):
                await asyncio.sleep(delay)

    def _bucket(self, key: tuple[int, str], rate: Rate) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None or bucket.rate != rate:
            bucket = self._buckets[key] = Bucket(rate)
        self._buckets.move_to_end(key)
        while len(self._buckets) > MOST_CHATS:
            self._buckets.popitem(last=False)
        return bucket
