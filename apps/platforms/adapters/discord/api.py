"""discord.py in pieces: its REST client and its gateway, with addresses of their own, without cache and reconnects.

The library keeps Discord's addresses in class variables of the whole process, keeps what it hears of servers in memory,
and lets one event that it cannot read end the connection. Here each channel has its own addresses, events are handed on
as they came, and whoever listens polls the gateway.
"""

from collections.abc import Callable
from typing import Any

import aiohttp
import discord
from discord.http import INTERNAL_API_VERSION, HTTPClient, Route
from discord.state import ConnectionState

API = "https://discord.com"
LONGEST_WAIT = 30.0  # seconds for which the library may wait by itself when Discord limits the rate
TIMEOUT = aiohttp.ClientTimeout(total=50, sock_connect=10, sock_read=20)
NEVER = 3600.0  # seconds; the listeners have their own clock for a connection that fell silent

# There is nothing to speak with, and that is no news.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

Hear = Callable[[str, Any], None]  # (event, data)


class Rest(HTTPClient):
    """Every request goes to the given server, and has a time-out."""

    def __init__(self, base: str, **options: Any) -> None:
        super().__init__(**options)
        self._base = f"{base}/api/v{INTERNAL_API_VERSION}"

    async def request(self, route: Route, **options: Any) -> Any:
        route.url = self._base + route.url.removeprefix(Route.BASE)
        return await super().request(route, timeout=TIMEOUT, **options)


class Client(discord.Client):
    """`hear` is told of every event of the gateway that is among `wanted`."""

    def __init__(self, base: str, *, intents: discord.Intents, hear: Hear, wanted: tuple[str, ...]) -> None:
        self._base = base
        super().__init__(
            intents=intents,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),  # what an agent writes must not call @everyone
            heartbeat_timeout=NEVER,
        )
        self._connection.parsers = parsers(hear, wanted)

    def _get_state(self, **options: Any) -> ConnectionState[Any]:
        # The only place between the making of the library's REST client and its first use.
        self.http = Rest(self._base, loop=self.loop, max_ratelimit_timeout=LONGEST_WAIT)
        return super()._get_state(**options)


def parsers(hear: Hear, wanted: tuple[str, ...]) -> dict[str, Callable[[Any], None]]:
    def told(event: str) -> Callable[[Any], None]:
        return lambda data: hear(event, data)

    return {event: told(event) for event in wanted}


def intents(*, content: bool) -> discord.Intents:
    """Messages, reactions, and what channels are called; `content` is the one that Discord must have granted."""
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        dm_messages=True,
        guild_reactions=True,
        dm_reactions=True,
        message_content=content,
    )
