"""How fast an agent may talk: who says more waits, at the far end of its own link, and keeps nobody else's turn."""

import threading
import time

from django.utils.translation import gettext_lazy

LINES = 1000.0  # a second; a model's words come as a hundred
BYTES = 32.0 * 1024 * 1024  # a second
MOST_LINES, MOST_BYTES = 5000, 64 * 1024 * 1024  # at once
AT_A_TIME = 1.0  # seconds; then it is looked whether that was a flood
FLOOD = 30.0  # seconds for which an agent was held back: no honest one ever is
SENTENCE = gettext_lazy("The agent flooded the link to the service, so the turn was ended.")


class Pace:
    """For the one thread that reads a link."""

    def __init__(self) -> None:
        self._lines = self._bytes = 0.0
        self._at = time.monotonic()
        self._held = 0.0
        self._over = threading.Event()

    @property
    def is_flood(self) -> bool:
        return self._held > FLOOD

    def keep(self, data: bytes) -> None:
        """Blocks for as long as what was said lies ahead of its time."""
        now = time.monotonic()
        passed, self._at = now - self._at, now
        self._lines = max(0.0, self._lines - passed * LINES) + data.count(b"\n")
        self._bytes = max(0.0, self._bytes - passed * BYTES) + len(data)
        ahead = max((self._lines - MOST_LINES) / LINES, (self._bytes - MOST_BYTES) / BYTES)
        if ahead > 0:
            self._over.wait(min(ahead, AT_A_TIME))
            self._held += min(ahead, AT_A_TIME)

    def end(self) -> None:
        """The link is closed: nobody waits any more."""
        self._over.set()
