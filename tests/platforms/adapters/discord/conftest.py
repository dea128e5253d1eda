import threading

import pytest

from tests.fakes.discord_api import DiscordApi
from tests.platforms.adapters.discord.support import discord_channel
from tests.platforms.support import registered_chat, status
from tests.waiting import until


@pytest.fixture
def discord():
    with DiscordApi() as server:
        yield server


@pytest.fixture
def told_at_once(fresh_redis):
    """What is to be sent is sent when it is said, not at the next sweep."""


@pytest.fixture
def nothing_left():
    """No heartbeat of the library outlives its connection."""
    yield
    until(lambda: not [thread for thread in threading.enumerate() if "keep-alive" in thread.name])


@pytest.fixture
def room(discord):
    """The channel #general, served by the group `team`."""
    return registered_chat(discord_channel(discord), "600")


@pytest.fixture
def online(listeners, room):
    listeners.start()
    until(lambda: status() == "online")
    return room


@pytest.fixture
def own_folders(settings, tmp_path_factory):
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")
