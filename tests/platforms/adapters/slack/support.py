from typing import Any

from apps.chats.models import Channel, Platform
from tests.fakes.slack_api import APP_TOKEN, BOT_TOKEN, SlackApi


def slack_channel(api: SlackApi, name: str = "bot", **fields: Any) -> Channel:
    tokens = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, **fields.pop("credentials", {})}
    options = {"api_base": api.url, **fields.pop("options", {})}
    return Channel.objects.create(platform=Platform.SLACK, name=name, credentials=tokens, options=options, **fields)


def bot() -> Channel:
    return Channel.objects.get(name="bot")
