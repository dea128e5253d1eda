from datetime import UTC, datetime
from typing import Any

from tests.fakes import discord_api, discord_gateway
from tests.platforms.rigs import Hanging, Rig, hang_at, second


def snowflake(number: int) -> str:
    return str((second(number) * 1000 - 1420070400000) << 22)


def a_document(url: str) -> dict[str, Any]:
    return {"id": "1", "filename": "a.txt", "size": 1, "url": f"{url}/cdn/a.txt", "content_type": "text/plain"}


RIG = Rig(
    discord_api.DiscordApi,
    {"token": discord_gateway.TOKEN},
    "600",
    tell=lambda api, _channel, number, text: api.say(
        text, id=snowflake(number), timestamp=datetime.fromtimestamp(second(number), UTC).isoformat()
    ),
    garbage=lambda api, _channel: api.frame("{"),
    hanging=Hanging(
        at_first=hang_at("me", "socket"),
        later=hang_at("send", "file"),
        say_with_file=lambda api: api.say("@Andy look", attachments=[a_document(api.url)]),
    ),
)
