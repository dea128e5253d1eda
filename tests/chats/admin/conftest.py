import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Group, Pairing
from apps.chats.services import create_group, web_chat
from apps.platforms.inbound import intake
from tests.chats.admin.support import telegram_bot


@pytest.fixture
def group(db: None) -> Group:
    return create_group(folder="family", name="The family")


@pytest.fixture
def chat(group: Group) -> Chat:
    return web_chat(group)


@pytest.fixture
def channel(db: None) -> Channel:
    return telegram_bot()


@pytest.fixture
def waiting(person: User) -> Pairing:
    """A stranger who wrote directly, and waits."""
    channel = Channel.objects.create(platform="telegram", name="Bot")
    intake.accept(
        channel,
        InboundMessage(
            external_id="1", chat_id="42", chat_kind=Chat.Kind.DIRECT, sender_id="42", sender_name="Ann", text="hello"
        ),
    )
    return Pairing.objects.get()


@pytest.fixture
def own_folders(settings: Any) -> None:
    own = settings.DATA_DIR / uuid.uuid4().hex
    settings.GROUPS_DIR, settings.SESSIONS_DIR = own / "groups", own / "sessions"
