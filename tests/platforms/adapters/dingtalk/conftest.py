from collections.abc import Iterator
from typing import Any

import pytest

from apps.chats.models import Chat
from tests.fakes.dingtalk_api import DingTalkApi
from tests.platforms.adapters.dingtalk.support import channel
from tests.platforms.support import registered_chat


@pytest.fixture
def ding() -> Iterator[DingTalkApi]:
    with DingTalkApi() as server:
        yield server


@pytest.fixture
def quick(settings: Any) -> None:
    """Whoever does not answer is given up soon; so is a machine that stands still for a moment."""
    settings.CHANNEL_HEARTBEAT = 0.3
    settings.CHANNEL_STALL_TIMEOUT = 2


@pytest.fixture
def chat(ding: DingTalkApi, transactional_db: None) -> Chat:
    return registered_chat(channel(ding), "cidgroup")
