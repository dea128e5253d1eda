"""Connections of threads that do short pieces of work: kept in between, but only so many.

Opening one takes PostgreSQL up to 20 ms on a small machine, which is many times what a tool needs it for.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import close_old_connections, connections

IDLE = 5.0  # seconds after which a kept connection is tried before it is relied on

_keepers: set[int] = set()  # threads
_lock = threading.Lock()
_used = threading.local()


@contextmanager
def at_hand() -> Iterator[None]:
    """Around a piece of work; as many threads as runs at a time keep their connection, the others close it."""
    if time.monotonic() - getattr(_used, "at", float("inf")) > IDLE:
        _close(broken_only=True)
    try:
        yield
    finally:
        _used.at = time.monotonic()
        if not _keeps():
            close_old_connections()
        elif any(each.errors_occurred or each.in_atomic_block for each in connections.all(initialized_only=True)):
            _close(broken_only=False)


def _keeps() -> bool:
    mine = threading.get_ident()
    with _lock:
        if mine not in _keepers and len(_keepers) < settings.AGENT_CONCURRENCY:
            _keepers.add(mine)
        return mine in _keepers


def _close(*, broken_only: bool) -> None:
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and not (broken_only and connection.is_usable()):
            connection.close()
