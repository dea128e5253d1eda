from apps.chats.models import Channel, Message, Platform
from tests.fakes.discord_api import DiscordApi
from tests.fakes.discord_gateway import TOKEN
from tests.waiting import until


def discord_channel(api: DiscordApi, name: str = "bot", **fields):
    fields = {"credentials": {"token": TOKEN}, "options": {"api_base": api.url}, **fields}
    return Channel.objects.create(platform=Platform.DISCORD, name=name, **fields)


def inbound() -> Message:
    until(lambda: Message.objects.inbound().exists())
    return Message.objects.inbound()[0]
