"""A gateway between an agent's ear and the stub of the model."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from apps.agents.billing.ledger import Ledger
from apps.agents.gateway.gateway import Gateway
from apps.agents.models import Run, Session
from apps.agents.providers import pool
from apps.chats.models import Group
from tests.agents.support import HeardLink, settle
from tests.fakes.messages_api import MessagesApi


@pytest.fixture
def link() -> Any:
    return HeardLink()


@pytest.fixture
def refusals() -> list[str]:
    return []


@pytest.fixture
def ledger(group: Group) -> Ledger:
    return Ledger(Run(session=Session(group=group)))


@pytest.fixture
def gateway(link: Any, refusals: list[str], ledger: Ledger, api: MessagesApi, settings: Settings) -> Iterator[Gateway]:
    settings.ANTHROPIC_API_KEY = "sk-ant-the-real-key"
    settings.ANTHROPIC_BASE_URL = api.url
    one = Gateway(link, on_refusal=refusals.append, ledger=ledger, asked=pool.from_environment)
    yield one
    settle(one)
