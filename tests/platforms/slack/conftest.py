from collections.abc import Iterator
from typing import Any

import pytest

from apps.chats.models import Channel, Chat, Platform
from tests.fakes.slack_api import APP_TOKEN, BOT_TOKEN, SlackApi
from tests.platforms.conftest import registered_chat


@pytest.fixture
def api() -> Iterator[SlackApi]:
    with SlackApi() as server:
        yield server


def slack_channel(api: SlackApi, name: str = "bot", **fields: Any) -> Channel:
    tokens = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, **fields.pop("credentials", {})}
    options = {"api_base": api.url, **fields.pop("options", {})}
    return Channel.objects.create(platform=Platform.SLACK, name=name, credentials=tokens, options=options, **fields)


@pytest.fixture
def chat(api: SlackApi) -> Chat:
    return registered_chat(slack_channel(api), "C1")


def bot() -> Channel:
    return Channel.objects.get(name="bot")
