from typing import Any

from apps.chats.models import Channel, Message
from apps.platforms.adapters.discord import payloads
from apps.platforms.adapters.discord.payloads import Me, Place
from tests.fakes.discord_api import DiscordApi
from tests.fakes.discord_gateway import TOKEN
from tests.waiting import until

BOT = Me("999", "Andy")
HERE = Place("600", title="Home #general", roles={"5": "cooks"}, mine=frozenset({"901"}))
ANN = {"id": "42", "username": "ann", "global_name": "Ann", "bot": False}


def discord_channel(api: DiscordApi, name: str = "bot", **fields: Any) -> Channel:
    fields = {"credentials": {"token": TOKEN}, "options": {"api_base": api.url}, **fields}
    return Channel.objects.create(platform="discord", name=name, **fields)


def inbound() -> Message:
    until(lambda: Message.objects.inbound().exists())
    return Message.objects.inbound()[0]


def plain(**fields: Any) -> dict[str, Any]:
    """Somebody's message with nothing but these."""
    return {"id": "1574043509789294593", "channel_id": "600", "guild_id": "500", "author": ANN, "type": 0, **fields}


def translated(**fields: Any) -> Any:
    return payloads.inbound(plain(**fields), HERE, BOT)
