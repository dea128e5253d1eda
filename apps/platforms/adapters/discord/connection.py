"""Opens, hears and closes Discord's gateway, a websocket, each within its time.

The library keeps what it hears of servers in memory, and lets one event that it cannot read end the connection. Here
events are handed on as they came, without cache and reconnects, and whoever listens polls the gateway.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.state import ConnectionState
from django.conf import settings
from django.utils.translation import gettext as _

from apps.platforms.adapters.discord.api import LONGEST_WAIT, Rest
from apps.platforms.adapters.discord.sessions import Session
from apps.platforms.base import PlatformError

logger = logging.getLogger(__name__)

SILENCE = 60.0  # seconds; Discord answers a heartbeat every 41
CONNECT_TIMEOUT = 30.0
CLOSE_TIMEOUT = 1.0
AT_ONCE = 100  # frames that are stored together
RESUMABLE = 4000  # a close code after which the session stays; 1000 would end it
NEVER = 3600.0  # seconds; the listeners have their own clock for a connection that fell silent

# There is nothing to speak with, and that is no news.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

Hear = Callable[[str, Any], None]  # (event, data)


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


class Gateway(DiscordWebSocket):
    """Closes itself when something goes wrong: until it is open, nobody else has it to close.

    Knows its heartbeat, a thread, until that has ended: it must not outlive the loop in which it speaks.
    """

    heartbeat: KeepAliveHandler | None = None

    async def received_message(self, msg: Any, /) -> None:
        await super().received_message(msg)
        self.heartbeat = self._keep_alive or self.heartbeat

    async def poll_event(self) -> None:
        await self._or_close(super().poll_event())

    async def identify(self) -> None:
        await self._or_close(super().identify())

    async def resume(self) -> None:
        await self._or_close(super().resume())

    async def _or_close(self, step: Awaitable[None]) -> None:
        try:
            await step
        except BaseException:
            await closed(self)
            raise


async def connected(client: Client, session: Session | None, address: str) -> Gateway:
    """Where the session goes on, or else at the address, or (empty) at the one that Discord names."""
    async with asyncio.timeout(min(CONNECT_TIMEOUT, settings.CHANNEL_STALL_TIMEOUT / 2)):
        if session:
            return await Gateway.from_client(
                client, gateway=yarl.URL(session.gateway), session=session.id, sequence=session.sequence, resume=True
            )
        granted = await _granted(client)
        return await Gateway.from_client(client, initial=True, gateway=yarl.URL(address or granted))


async def _granted(client: Client) -> str:
    """The gateway's address, if there is a session left: who begins too many a day loses the token."""
    _shards, address, limit = await client.http.get_bot_gateway()
    if limit["remaining"] <= 0:
        seconds = limit["reset_after"] / 1000
        raise PlatformError(_("Discord grants no more connections today."), retry_after=max(seconds, 1))
    return address


async def heard(socket: Gateway) -> Exception | None:
    """Waits for a frame, and hears what arrived behind it too; returns what broke off after the first.

    Raises what broke off instead of the first, TimeoutError when the gateway fell silent.
    """
    async with asyncio.timeout(min(SILENCE, settings.CHANNEL_STALL_TIMEOUT)):
        await socket.poll_event()
    for _frame in range(AT_ONCE):
        if not socket.socket._reader._buffer:  # aiohttp has no public way to ask
            break
        try:
            await socket.poll_event()
        except Exception as error:
            # What was heard before is stored first: not every session can be resumed.
            return error
    return None


async def closed(socket: Gateway) -> None:
    """A gateway that hangs is not waited for."""
    heartbeat = socket.heartbeat
    if heartbeat:
        heartbeat.stop()
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await socket.close(RESUMABLE)
    except TimeoutError:
        logger.info("Discord's gateway did not answer the goodbye")
    if heartbeat:
        await asyncio.to_thread(heartbeat.join, CLOSE_TIMEOUT)
