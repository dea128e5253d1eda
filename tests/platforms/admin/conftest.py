import pytest

from apps.chats.models import Channel, Chat
from apps.chats.services import create_group, web_chat
from tests.chats.admin.support import telegram_bot


@pytest.fixture
def channel(db: None) -> Channel:
    return telegram_bot()


@pytest.fixture
def chat(db: None) -> Chat:
    """On the chat page: the one channel there is."""
    return web_chat(create_group(folder="family"))
