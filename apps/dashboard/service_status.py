"""Who serves now, for pages: asking Docker may hang, so it is asked in the background and remembered."""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass

import redis
from django.utils.translation import gettext as _

from apps.agents.sandbox.selection import Choice, chosen_agent, current_runtime
from apps.chats.services import OUTBOX_FILLED
from apps.events import pubsub

logger = logging.getLogger(__name__)

FRESH_S = 5.0
PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Serving:
    agent: Choice
    runtime: Choice

    @property
    def is_demo(self) -> bool:
        return self.agent.name == "demo"

    @property
    def is_uncontained(self) -> bool:
        return self.runtime.name == "process"


class Remembered:
    """The last answer; an old one is renewed beside the page that asked, which waits a second at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asker = ThreadPoolExecutor(1, thread_name_prefix="runtime")
        self._asked: Future[Choice] | None = None
        self._answer: Choice | None = None
        self._answered_at = 0.0

    def get(self) -> Choice:
        with self._lock:
            if self._asked is None and time.monotonic() - self._answered_at > FRESH_S:
                self._asked = self._asker.submit(_ask)
            asked = self._asked
        if asked is not None:
            self._take(asked, patience=0 if self._answer else PATIENCE_S)
        return self._answer or Choice("unknown", _("Docker has not answered yet."))

    def _take(self, asked: "Future[Choice]", *, patience: float) -> None:
        try:
            self._answer = asked.result(patience)
        except NotYetError:
            return
        with self._lock:
            self._asked, self._answered_at = None, time.monotonic()


def _ask() -> Choice:
    try:
        return current_runtime()
    except Exception:  # a page must open whatever Docker does
        logger.exception("the runtime could not be found out")
        return Choice("unknown", _("Docker answers with an error; the log has it."))


_runtime = Remembered()


def serving() -> Serving:
    return Serving(agent=chosen_agent(), runtime=_runtime.get())


def listeners() -> int | None:
    """How many processes listen to platforms and send what waits for them; None while Redis cannot be asked."""
    try:
        return pubsub.audience(OUTBOX_FILLED)
    except redis.RedisError as error:
        logger.warning("Redis does not say who listens: %s", error)
        return None
