from collections.abc import Iterator
from typing import Any

import pytest

from apps.chats.models import Chat
from tests.environment import free_port
from tests.fakes.qq_onebot import OneBot
from tests.platforms.adapters.qq.support import channel
from tests.platforms.support import registered_chat


@pytest.fixture
def bot() -> Iterator[OneBot]:
    with OneBot() as implementation:
        yield implementation


@pytest.fixture
def quick(settings: Any) -> None:
    """Whoever does not answer is given up soon; so is a machine that stands still for a moment."""
    settings.CHANNEL_HEARTBEAT = 0.3
    settings.CHANNEL_STALL_TIMEOUT = 2


@pytest.fixture
def chat(bot: OneBot, transactional_db: None) -> Chat:
    return registered_chat(channel(bot.url), "group_777")


@pytest.fixture
def reverse_url() -> str:
    return f"ws://127.0.0.1:{free_port()}/onebot/"


@pytest.fixture
def reverse_chat(reverse_url: str, transactional_db: None) -> Chat:
    return registered_chat(channel(reverse_url, mode="reverse"), "group_777")
