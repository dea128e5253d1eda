"""Runs that are in progress in this process, and the one thread that hears publications for all of them."""

import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis

from apps.agents.services import RUNS
from apps.events.backoff import Backoff
from apps.events.pubsub import subscription

logger = logging.getLogger(__name__)

MAX_BACKOFF = 10.0  # seconds between attempts to reach Redis again
IDLE = 30.0  # seconds after which the listener asks itself whether anybody still attends

Inbox = queue.Queue[tuple[str, Any]]

_inboxes: dict[int, Inbox] = {}  # by session: it has one running run at most
_bells: defaultdict[int, set[threading.Event]] = defaultdict(set)  # by session
_lock = threading.Lock()
_listener: threading.Thread | None = None


def attend(session_id: int, inbox: Inbox) -> None:
    """From now on the inbox gets ("wake", None) when there is something new in the rows."""
    global _listener  # noqa: PLW0603 - one thread for the process, started when first needed
    with _lock:
        _inboxes[session_id] = inbox
        if _listener is None or not _listener.is_alive():
            _listener = threading.Thread(target=_listen, name="wake-ups", daemon=True)
            _listener.start()


def leave(session_id: int, inbox: Inbox) -> None:
    with _lock:
        if _inboxes.get(session_id) is inbox:  # a run whose lease was lost may have a successor here
            del _inboxes[session_id]


@contextmanager
def bell(session_id: int) -> Iterator[threading.Event]:
    """Rings at every publication for the session, as long as somebody attends to it; a lost one rings no bell."""
    rung = threading.Event()
    with _lock:
        _bells[session_id].add(rung)
    try:
        yield rung
    finally:
        with _lock:
            _bells[session_id].discard(rung)
            if not _bells[session_id]:
                del _bells[session_id]


def _listen() -> None:
    """Ends when nobody attends any more; the next run starts it again."""
    backoff = Backoff(0.1, MAX_BACKOFF)
    while not _nobody_attends():
        try:
            with subscription(RUNS) as receive:
                backoff.reset()
                while (publication := receive(IDLE)) or not _nobody_attends():
                    _hand_on(publication)
        except redis.RedisError as error:
            logger.info("wake-ups are not heard for a while: %s", error)
            time.sleep(backoff.next())


def _nobody_attends() -> bool:
    global _listener  # noqa: PLW0603
    with _lock:
        if not _inboxes:
            _listener = None
        return not _inboxes


def _hand_on(publication: tuple[str, dict[str, Any]] | None) -> None:
    if publication is None:
        return
    _, payload = publication
    with _lock:
        inbox = _inboxes.get(payload.get("session", 0))
        for rung in _bells.get(payload.get("session", 0), ()):
            rung.set()
    if inbox is not None:
        with suppress(queue.Full):  # it is looked at again anyway
            inbox.put_nowait(("wake", None))
