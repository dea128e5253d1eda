import pytest

from apps.chats.models import Channel, Platform
from tests.fakes.wecom_api import APP, WeComApi
from tests.platforms.support import registered_chat


@pytest.fixture
def api():
    with WeComApi() as server:
        yield server


@pytest.fixture
def channel(api, settings, tmp_path):
    settings.GROUPS_DIR = tmp_path / "groups"
    return Channel.objects.create(platform=Platform.WECOM, name="bot", credentials=APP, options={"api_base": api.url})


@pytest.fixture
def chat(channel):
    return registered_chat(channel, "ann")
