from collections.abc import Generator, Iterator
from functools import cache

import pytest

from tests.environment import REQUIRE_ALL


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
def own_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A client of Redis for this test alone; a thread of an earlier test may still listen by the process's own."""
    from apps.events import pubsub

    monkeypatch.setattr(pubsub, "connection", cache(pubsub.connection.__wrapped__))
    yield
    pubsub.connection().close()
