"""Keeps an access token that a platform lends for a while: fetched once for all who ask, renewed before it ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable

EARLY = 0.1  # the share of its life before whose end a token is renewed
Fetch = Callable[[], Awaitable[tuple[str, float]]]  # the token, and the seconds for which it is good


class Token:
    """`await get()` from anywhere in the event loop; what `fetch` raises reaches everybody who waits for it."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._value = ""
        self._renew_at = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> str:
        async with self._lock:
            if not self._value or self._clock() >= self._renew_at:
                self._value, seconds = await self._fetch()
                self._renew_at = self._clock() + seconds * (1 - EARLY)
            return self._value

    def forget(self, value: str) -> None:
        """The platform says that this one is no good any more; a newer one stays."""
        if value == self._value:
            self._value = ""
