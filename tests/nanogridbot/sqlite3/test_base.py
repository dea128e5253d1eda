"""Whoever waits for SQLite's write lock gets it soon, or hears that it is not to be had."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from django.db import OperationalError, connection, transaction

from apps.chats import services
from apps.chats.models import Channel
from nanogridbot.sqlite3 import base
from tests.waiting import in_time

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="another database queues by itself"),
]


@contextmanager
def busy_writers(count: int, *, held: float) -> Iterator[None]:
    """Beside us, with the driver alone: one of them holds the lock nearly all the time."""
    stopping, begun = threading.Event(), threading.Event()

    def write() -> None:
        path = connection.settings_dict["NAME"]
        with closing(sqlite3.connect(path, isolation_level=None, uri=True, timeout=0)) as other:
            while not stopping.is_set():
                try:
                    other.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    time.sleep(0.002)
                    continue
                begun.set()
                stopping.wait(held)
                other.execute("COMMIT")
                time.sleep(0.003)

    threads = [threading.Thread(target=write) for _ in range(count)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join(30)


def write_often(channel: Channel) -> float:
    """How long it takes."""
    began = time.monotonic()
    for _ in range(40):
        with transaction.atomic():
            channel.mark_status(Channel.Status.ONLINE)
        channel.mark_status(Channel.Status.OFF)
    return time.monotonic() - began


def test_busy_writers_starve_nobody():
    channel = services.web_channel()
    with busy_writers(4, held=0.01):
        in_time(4, lambda: write_often(channel))  # by SQLite's own way of waiting it is twice that
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OFF  # the last word counts


def test_a_lock_that_is_not_given_back_is_said(monkeypatch):
    channel = services.web_channel()
    monkeypatch.setattr(base, "PATIENCE", 0.2)
    with busy_writers(1, held=60):
        began = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            channel.mark_status(Channel.Status.ONLINE)
        assert time.monotonic() - began < 15  # the usual patience is 20
    channel.mark_status(Channel.Status.ONLINE)


def test_other_errors_are_not_waited_for():
    began = time.monotonic()
    with pytest.raises(OperationalError, match="no such table"), connection.cursor() as cursor:
        cursor.execute("UPDATE missing SET a = %s", [1])
    assert time.monotonic() - began < 15
