from collections.abc import Iterator
from typing import Any

import pytest

from apps.chats.models import Chat
from tests.fakes.feishu_api import FeishuApi
from tests.platforms.adapters.feishu.support import feishu_channel
from tests.platforms.support import registered_chat


@pytest.fixture
def api() -> Iterator[FeishuApi]:
    with FeishuApi() as server:
        yield server


@pytest.fixture
def chat(api: FeishuApi, settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Chat:
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")
    return registered_chat(feishu_channel(api), "oc_team")


@pytest.fixture
def quick(settings: Any) -> None:
    """Pings, and whoever does not answer them is given up soon."""
    settings.CHANNEL_HEARTBEAT = 0.2
