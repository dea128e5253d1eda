from collections.abc import Iterator
from typing import Any

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


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")
