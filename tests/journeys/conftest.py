"""Everything real, from the fake Bot API to the stub of the model: processes, Redis, containers."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.agents.sandbox import selection
from tests.fakes.messages_api import MessagesApi
from tests.fakes.telegram_api import TelegramApi
from tests.journeys.service import Service
from tests.journeys.support import KEY, serving_a_team


@pytest.fixture
def model() -> Iterator[MessagesApi]:
    with MessagesApi() as server:
        server.answer = lambda request: None
        yield server


@pytest.fixture
def telegram() -> Iterator[TelegramApi]:
    with TelegramApi() as server:
        yield server


@pytest.fixture(params=["docker"])
def runtime(request: pytest.FixtureRequest) -> str:
    if missing := selection.docker_missing():
        pytest.skip(f"skipped because Docker is missing: {missing}")
    return str(request.param)


@pytest.fixture
def service(tmp_path: Path, model: MessagesApi, telegram: TelegramApi, runtime: str) -> Iterator[Service]:
    settings = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url, "AGENT_RUNTIME": runtime}
    with serving_a_team(tmp_path, telegram, **settings) as one:
        yield one


@pytest.fixture
def word() -> str:
    """Something that is in one test's messages only."""
    return uuid.uuid4().hex[:8]
