"""WhatsApp's Cloud API, a channel on it, and a chat with Ann."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.chats.models import Channel, Chat
from tests.fakes.whatsapp_api import ANN, CREDENTIALS, WhatsAppApi
from tests.platforms.support import registered_chat


@pytest.fixture
def api() -> Iterator[WhatsAppApi]:
    with WhatsAppApi() as server:
        yield server


@pytest.fixture
def channel(api: WhatsAppApi, settings: Any, tmp_path: Path) -> Channel:
    settings.GROUPS_DIR = tmp_path / "groups"
    options = {"api_base": api.url}
    return Channel.objects.create(platform="whatsapp", name="bot", credentials=CREDENTIALS, options=options)


@pytest.fixture
def chat(channel: Channel) -> Chat:
    return registered_chat(channel, ANN)
