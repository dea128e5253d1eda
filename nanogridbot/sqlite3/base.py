"""Who waits for SQLite's write lock gets it soon, however busy the others are.

SQLite itself looks again after 1, 2, 5 and at last 100 ms: beside a process that writes often, one that waits so long
between its looks hardly ever finds the lock free, and falls behind by seconds. Here one thread of each process looks
again every other millisecond, and the process's other threads queue up behind it.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db.backends.sqlite3 import base
from django.db.backends.utils import debug_transaction

from apps.events.backoff import jittered

T = TypeVar("T")

PAUSE = 0.002  # seconds between two looks, on average
PATIENCE = 20.0  # seconds; then it is "database is locked" after all

_asking = threading.Lock()  # held by the one thread of this process that looks again


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA busy_timeout = 0")  # from here on it is we who wait
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=_Cursor)

    def _commit(self) -> None:
        if self.connection is not None:
            with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
                _patiently(self.connection.commit, queue=False)  # who holds a lock must not queue for it


class _Cursor(base.SQLiteCursorWrapper):
    def execute(self, query: str, params: Any = None) -> Any:
        return _patiently(lambda: super(_Cursor, self).execute(query, params), queue=not self.connection.in_transaction)

    def executemany(self, query: str, param_list: Any) -> Any:
        rows = list(param_list)
        return _patiently(
            lambda: super(_Cursor, self).executemany(query, rows), queue=not self.connection.in_transaction
        )


def _patiently(act: Callable[[], T], *, queue: bool) -> T:
    """What `act` returns; raises sqlite3.OperationalError when others hold the lock for too long."""
    try:
        return act()
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
    deadline = time.monotonic() + PATIENCE
    queued = queue and _asking.acquire(timeout=PATIENCE)
    try:
        return _again(act, deadline)
    finally:
        if queued:
            _asking.release()


def _again(act: Callable[[], T], deadline: float) -> T:
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(jittered(PAUSE, 0.5, 1.5))


def _is_busy(error: sqlite3.OperationalError) -> bool:
    """Also in its extended forms, whose low byte is the plain one."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
