"""Threads that keep their connection between two pieces of work, and those that do not."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection

from apps.agents.toolkit import db_connections

pytestmark = pytest.mark.django_db(transaction=True)
KEEPS = db_connections._keeps


@pytest.fixture
def thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., object]]:
    """Runs functions in one thread of a pool, which closes its connection at the end."""
    monkeypatch.setattr(db_connections, "_keeps", KEEPS)
    monkeypatch.setattr(db_connections, "_keepers", set())
    with ThreadPoolExecutor(1) as pool:
        yield lambda function: pool.submit(function).result(30)
        pool.submit(lambda: connection.close()).result(30)  # noqa: PLW0108 - the thread's own


def work() -> object:
    """The driver's own connection with which it was done."""
    with db_connections.at_hand():
        connection.ensure_connection()
        return connection.connection


def left() -> object:
    return connection.connection


def test_a_connection_is_kept_for_the_next_piece_of_work(thread):
    first = thread(work)
    assert thread(left) is first
    assert thread(work) is first


def test_no_more_are_kept_than_runs_go_on_at_a_time(thread, settings):
    settings.AGENT_CONCURRENCY = 1
    db_connections._keepers.add(threading.get_ident())
    thread(work)
    assert thread(left) is None


def test_one_on_which_something_failed_is_not_kept(thread):
    def fail() -> None:
        with db_connections.at_hand(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")

    with pytest.raises(DatabaseError):
        thread(fail)
    assert thread(left) is None
