from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.chats.models import Channel, Chat
from tests.fakes.wecom_api import APP, WeComApi
from tests.platforms.support import registered_chat


@pytest.fixture
def api() -> Iterator[WeComApi]:
    with WeComApi() as server:
        yield server


@pytest.fixture
def channel(api: WeComApi, settings: Any, tmp_path: Path) -> Channel:
    settings.GROUPS_DIR = tmp_path / "groups"
    return Channel.objects.create(platform="wecom", name="bot", credentials=APP, options={"api_base": api.url})


@pytest.fixture
def chat(channel: Channel) -> Chat:
    return registered_chat(channel, "ann")
