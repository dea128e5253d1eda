import threading
from collections.abc import Iterator
from typing import Any

import pytest

from apps.chats.models import Chat
from tests.fakes.discord_api import DiscordApi
from tests.platforms.adapters.discord.support import discord_channel
from tests.platforms.support import registered_chat, status
from tests.waiting import until


@pytest.fixture
def discord() -> Iterator[DiscordApi]:
    with DiscordApi() as server:
        yield server


@pytest.fixture
def told_at_once(fresh_redis: None) -> None:
    """What is to be sent is sent when it is said, not at the next sweep."""


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """No heartbeat of the library outlives its connection."""
    yield
    until(lambda: not [thread for thread in threading.enumerate() if "keep-alive" in thread.name])


@pytest.fixture
def room(discord: DiscordApi) -> Chat:
    """The channel #general, served by the group `team`."""
    return registered_chat(discord_channel(discord), "600")


@pytest.fixture
def online(listeners: Any, room: Chat) -> Chat:
    listeners.start()
    until(lambda: status() == "online")
    return room
