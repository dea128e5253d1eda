from pathlib import Path
from typing import Any

import pytest

from apps.chats.models import Channel, Chat
from tests.fakes.wecom_api import BOT, WeComApi
from tests.platforms.support import registered_chat


@pytest.fixture
def chat(api: WeComApi, settings: Any, tmp_path: Path) -> Chat:
    settings.GROUPS_DIR = tmp_path / "groups"
    channel = Channel.objects.create(platform="wecom", name="bot", credentials=BOT, options={"api_base": api.url})
    return registered_chat(channel, "wr-group")
