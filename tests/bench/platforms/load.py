"""A hundred messages a second over all eight platforms, in turn, whether or not the last ones came through."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.bench.platforms.wires import Webhook, Wire

RATE = 100  # messages a second over all platforms
CALLERS = 8  # connections that webhooks come over


class Load:
    """at: when each message was handed to its platform, by its text; acknowledged: seconds until a webhook's answer."""

    def __init__(self, wires: Sequence[Wire], webhooks: Mapping[str, Webhook]) -> None:
        self.at: dict[str, float] = {}
        self.acknowledged: list[float] = []
        self._wires = wires
        self._webhooks = webhooks
        self._failures: list[Exception] = []

    def run(self, seconds: float) -> None:
        """Returns once everything was sent, and every webhook was answered; raises what went wrong."""
        began = time.monotonic()
        with ThreadPoolExecutor(CALLERS) as callers:
            threads = [
                threading.Thread(target=self._pace, args=(number, began, seconds, callers))
                for number in range(len(self._wires))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if self._failures:
            raise self._failures[0]

    def _pace(self, number: int, began: float, seconds: float, callers: ThreadPoolExecutor) -> None:
        """One platform's share, at fixed times."""
        wire = self._wires[number]
        webhook = self._webhooks.get(wire.platform)
        for turn in range(int(seconds * RATE / len(self._wires))):
            due = began + (turn * len(self._wires) + number) / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            text = f"{wire.platform} {turn}: good morning, everybody."
            if webhook:
                callers.submit(self._noting, partial(self._call, webhook, text, turn))
            else:
                self._noting(partial(self._say, wire, text))

    def _say(self, wire: Wire, text: str) -> None:
        assert wire.say
        self.at[text] = time.monotonic()
        wire.say(text)

    def _call(self, webhook: Webhook, text: str, turn: int) -> None:
        self.at[text] = began = time.monotonic()
        webhook.say(text, 1000 + turn)
        self.acknowledged.append(time.monotonic() - began)

    def _noting(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # raised again by `run`: this is a thread
            self._failures.append(error)
