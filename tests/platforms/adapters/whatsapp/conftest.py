"""WhatsApp's Cloud API, a channel on it, and a chat with Ann."""

import pytest

from apps.chats.models import Channel, Platform
from tests.fakes.whatsapp_api import ANN, CREDENTIALS, WhatsAppApi
from tests.platforms.support import registered_chat


@pytest.fixture
def api():
    with WhatsAppApi() as server:
        yield server


@pytest.fixture
def channel(api, settings, tmp_path):
    settings.GROUPS_DIR = tmp_path / "groups"
    options = {"api_base": api.url}
    return Channel.objects.create(platform=Platform.WHATSAPP, name="bot", credentials=CREDENTIALS, options=options)


@pytest.fixture
def chat(channel):
    return registered_chat(channel, ANN)
