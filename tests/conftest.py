from collections.abc import Generator, Iterator
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.environment import REQUIRE_ALL
from tests.waiting import until

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Where everything is installed, a skipped test is a failed one."""
    if REQUIRE_ALL and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped here (NGB_TEST_REQUIRE_ALL=1): {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A real Redis on the tests' own socket, for whoever asks; yields its URL."""
    from django.conf import settings

    from nanogridbot.processes import embedded_redis

    server = embedded_redis.start(settings.REDIS_SOCKET, 30)
    yield settings.REDIS_URL
    server.terminate()
    server.wait(20)


@pytest.fixture
def transactional_db(transactional_db: None) -> Iterator[None]:
    """Waits until no other connection is at work before the tables are emptied; else PostgreSQL reports a deadlock."""
    yield
    from django.db import connection

    if connection.vendor == "postgresql":
        until(_others_are_idle)


@pytest.fixture(autouse=True)
def _transactional_db_by_mark(request: pytest.FixtureRequest) -> None:
    """Makes tests with the mark `django_db(transaction=True)` use the fixture above too."""
    mark = request.node.get_closest_marker("django_db")
    if mark and mark.kwargs.get("transaction"):
        request.getfixturevalue("transactional_db")


def _others_are_idle() -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state <> 'idle' AND backend_type = 'client backend'"
        )
        return bool(cursor.fetchone() == (0,))


@pytest.fixture
def own_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A client of Redis for this test alone; a thread of an earlier test may still listen by the process's own."""
    from apps.events import pubsub

    monkeypatch.setattr(pubsub, "connection", cache(pubsub.connection.__wrapped__))
    yield
    pubsub.connection().close()


@pytest.fixture
def person(db: None) -> "User":
    """Somebody who may everything in the admin."""
    from django.contrib.auth.models import User

    return User.objects.create_superuser("lena", password="correct horse battery")


@pytest.fixture
def browser_of(person: "User", back_to_english: None) -> "Client":
    """Django's test client, signed in."""
    from django.test import Client

    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def back_to_english() -> Iterator[None]:
    """A request leaves its language behind in the thread, where a later test would speak it."""
    from django.utils import translation

    yield
    translation.deactivate()
