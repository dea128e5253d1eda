"""No Docker engine answers, and none has since this worker began: messages wait for it, and lose no attempt."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import engine, selection
from tests.agents.support import Say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def no_engine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    settings.AGENT_RUNTIME = "docker"
    engine.engine.cache_clear()
    selection.chosen_runtime.cache_clear()
    yield
    engine.engine.cache_clear()


@pytest.mark.usefixtures("no_engine")
def test_a_message_waits_for_the_engine(say: Say, caplog: pytest.LogCaptureFixture) -> None:
    run = say("hello")
    for _ in range(7):  # more often than it may fail
        Run.objects.update(not_before="2020-01-01T00:00Z")
        execute(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.QUEUED, 0)
    assert run.error == "No container can be started: the Docker engine does not answer."
    assert "Traceback" not in caplog.text


def test_with_an_engine_of_its_own_kind_it_is_answered(say: Say, replies) -> None:
    run = say("echo hello")
    execute(run.pk)
    run.refresh_from_db()
    assert (run.status, replies()) == (Run.Status.SUCCEEDED, ["hello"])
