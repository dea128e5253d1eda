import pytest

from apps.chats.models import Channel, Platform
from tests.fakes.wecom_api import BOT
from tests.platforms.support import registered_chat


@pytest.fixture
def chat(api, settings, tmp_path):
    settings.GROUPS_DIR = tmp_path / "groups"
    channel = Channel.objects.create(
        platform=Platform.WECOM, name="bot", credentials=BOT, options={"api_base": api.url}
    )
    return registered_chat(channel, "wr-group")
