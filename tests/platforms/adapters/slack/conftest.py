from collections.abc import Iterator

import pytest

from apps.chats.models import Chat
from tests.fakes.slack_api import SlackApi
from tests.platforms.adapters.slack.support import slack_channel
from tests.platforms.support import registered_chat


@pytest.fixture
def api() -> Iterator[SlackApi]:
    with SlackApi() as server:
        yield server


@pytest.fixture
def chat(api: SlackApi) -> Chat:
    return registered_chat(slack_channel(api), "C1")
