"""Two providers in their order, each with a stub of the model behind it."""

from collections.abc import Iterator

import pytest

from apps.agents.models import ModelProvider
from apps.chats.models import Group
from tests.agents.providers.support import FIRST_KEY, SECOND_KEY, Asking
from tests.agents.support import HeardLink
from tests.fakes.messages_api import MessagesApi


@pytest.fixture
def other() -> Iterator[MessagesApi]:
    with MessagesApi() as server:
        yield server


@pytest.fixture
def first(group: Group, api: MessagesApi) -> ModelProvider:
    return ModelProvider.objects.create(name="first", order=1, base_url=api.url, credentials={"key": FIRST_KEY})


@pytest.fixture
def second(group: Group, other: MessagesApi) -> ModelProvider:
    return ModelProvider.objects.create(name="second", order=2, base_url=other.url, credentials={"key": SECOND_KEY})


@pytest.fixture
def ask(group: Group) -> Asking:
    return Asking(group, HeardLink(), [])
