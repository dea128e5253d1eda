from typing import Any

from apps.chats.models import Channel
from apps.platforms.adapters.slack.payloads import Names
from tests.fakes.slack_api import APP_TOKEN, BOT_TOKEN, SlackApi
from tests.platforms.support import status
from tests.waiting import until


def slack_channel(api: SlackApi, name: str = "bot", **fields: Any) -> Channel:
    tokens = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, **fields.pop("credentials", {})}
    options = {"api_base": api.url, **fields.pop("options", {})}
    return Channel.objects.create(platform="slack", name=name, credentials=tokens, options=options, **fields)


def bot() -> Channel:
    return Channel.objects.get(name="bot")


def online(listeners: Any) -> None:
    listeners.start()
    until(lambda: status() == "online")


NAMES = Names(people={"UANN": "Ann Lee", "UBOB": "Bob"}, chats={"C1": "general"})
