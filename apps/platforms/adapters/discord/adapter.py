"""Connects a Discord bot: the gateway for what comes, the REST API for what goes.

The connection is made anew by the listeners, never here; the session goes on where the last stored event was, so that
what is written during an outage is repeated by Discord.
"""

import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import Any, ClassVar

import discord
from discord.gateway import ReconnectWebSocket

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel
from apps.platforms import error_messages
from apps.platforms.adapter_kit import downloads
from apps.platforms.adapters.discord import connection, sending
from apps.platforms.adapters.discord.api import API
from apps.platforms.adapters.discord.interactions import pressed
from apps.platforms.adapters.discord.names import Directory
from apps.platforms.adapters.discord.payloads import Me, Place, inbound, where
from apps.platforms.adapters.discord.reactions import SAID, reacted
from apps.platforms.adapters.discord.sdk_errors import GARBAGE, translated_errors
from apps.platforms.adapters.discord.sessions import Resumption
from apps.platforms.base import (
    Adapter,
    Alive,
    Batch,
    Buttons,
    Event,
    Identity,
    OutboundFile,
    OutboundPart,
    PayloadError,
    PlatformError,
    Rate,
)

logger = logging.getLogger(__name__)

CDN = "https://cdn.discordapp.com"
STANDS = ("READY", "RESUMED")
PRESSED = "INTERACTION_CREATE"
CHANGES = (
    *("CHANNEL_UPDATE", "CHANNEL_DELETE", "THREAD_UPDATE", "THREAD_DELETE", "GUILD_UPDATE", "GUILD_DELETE"),
    *("GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE"),
)
MOST_REMEMBERED = 1000  # messages of which we know in which thread they stand


class DiscordAdapter(Adapter):
    # Not `idempotent`: the nonce protects for some minutes only ("Create message"), and so just the first attempts.
    dialect: ClassVar[str] = "discord"
    typing_every: ClassVar[float] = 8  # Discord shows it for ten seconds
    edit_every: ClassVar[float] = 2
    # "Component reference": five rows of five, 80 characters on a button, 100 of what it says.
    buttons: ClassVar[Buttons | None] = Buttons(most=25, longest=80)
    files: ClassVar[bool] = True
    caption_limit: ClassVar[int] = 2000
    rate: ClassVar[Rate | None] = Rate(45, 1)  # "Rate limits": 50 requests a second altogether

    def __init__(self, channel: Channel) -> None:
        self._token = channel.credential("token").strip()
        own = str(channel.option("api_base") or "").rstrip("/")
        self._trusted = [downloads.host_of(own)] if own else []
        self._cdn = own or CDN
        self._gateway = str(channel.option("ws_base") or "")
        self._client = connection.Client(
            own or API,
            intents=connection.intents(content=channel.option("message_content") != "no"),
            hear=lambda event, data: self._heard.append((event, data)),
            wanted=(*STANDS, "MESSAGE_CREATE", PRESSED, *SAID, *CHANGES),
        )
        self._resumption = Resumption(channel.pk, self._token)
        self._directory = Directory(self._client.http, self._token)
        self._heard: list[tuple[str, Any]] = []
        self._socket: connection.Gateway | None = None
        self._threads: OrderedDict[str, int] = OrderedDict()

    async def listen(self) -> AsyncGenerator[Event, None]:
        with translated_errors(self._token):
            await self._client.login(self._token)
            user = self._client.user
            assert user is not None, "the library sets it at login"
            self._me = Me(str(user.id), user.display_name)
            try:
                self._socket = await connection.connected(self._client, self._resumption.take(), self._gateway)
                async for arrived in self._polled(self._socket):
                    yield arrived
            except ReconnectWebSocket as error:
                if not error.resume:
                    self._resumption.forget()
                raise
            except GARBAGE:
                self._resumption.forget()  # Discord would repeat it
                raise

    async def _polled(self, socket: connection.Gateway) -> AsyncGenerator[Event, None]:
        stands = False
        while True:
            trouble = await connection.heard(socket)
            heard, self._heard = self._heard, []
            for event in _joined([await self._event(*each) for each in heard]):
                stands = True
                yield event
            for kind, data in heard:
                if kind == PRESSED:
                    await self._quiet(data)
            if stands and not heard:
                yield Alive.TICK  # a heartbeat was answered, or something happened that is none of our business
            if stands:
                self._resumption.keep(socket)  # resumed after the commit
            if trouble:
                raise trouble

    async def _event(self, event: str, data: Any) -> Event:
        if event in STANDS:
            return Identity({"id": self._me.id, "name": self._me.name})
        if event not in ("MESSAGE_CREATE", PRESSED, *SAID):
            self._directory.forget(data)
            return Alive.TICK
        try:
            place = await self._directory.place(*where(data), self._me.id)
            message = self._read(event, data, place)
        except PayloadError:
            logger.exception("a message could not be read and is passed over")
            return Alive.TICK
        if message is None or message.pressed or message.is_reaction:
            return Batch([message]) if message else Alive.TICK
        self._remember(message.external_id, int(message.thread_id or message.chat_id))
        return Batch([message])

    def _read(self, event: str, data: Any, place: Place) -> InboundMessage | None:
        """Raises PayloadError."""
        if event == PRESSED:
            return pressed(data, place)
        return reacted(event, data, place, self._me) if event in SAID else inbound(data, place, self._me)

    async def _quiet(self, data: Any) -> None:
        """Only a courtesy, which is too late after three seconds."""
        try:
            await sending.acknowledge_press(self._client, str(data["id"]), str(data["token"]))
        except (discord.DiscordException, OSError, TimeoutError, LookupError, TypeError) as error:
            logger.info("a press is not acknowledged: %s", type(error).__name__)

    def _remember(self, message_id: str, channel_id: int) -> None:
        self._threads[message_id] = channel_id
        while len(self._threads) > MOST_REMEMBERED:
            self._threads.popitem(last=False)

    async def send(self, part: OutboundPart) -> str:
        with translated_errors(self._token):
            return await sending.send_text(self._client, part)

    async def send_file(self, part: OutboundFile) -> str:
        with translated_errors(self._token):
            return await sending.send_file(self._client, part)

    async def settle(self, message_id: str, part: OutboundPart) -> None:
        with translated_errors(self._token):
            await sending.settle(self._client, message_id, part)

    async def edit(self, message_id: str, part: OutboundPart) -> None:
        with translated_errors(self._token):
            await sending.edit_text(self._client, message_id, part)

    async def react(self, chat_id: str, message_id: str, emoji: str) -> None:
        if not message_id.isdecimal():  # a press or a reaction, which we have given an id
            raise PlatformError(error_messages.no_message("Discord"), permanent=True)
        with translated_errors(self._token):
            channel_id = self._threads.get(message_id, int(chat_id))
            await self._client.http.add_reaction(channel_id, int(message_id), emoji)

    async def show_typing(self, chat_id: str, thread_id: str) -> None:
        with translated_errors(self._token):
            await self._client.http.send_typing(int(thread_id or chat_id))

    async def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        url = f"{self._cdn}/stickers/{source['sticker']}" if "sticker" in source else str(source["url"])
        async with aclosing(downloads.download(url, trusted=self._trusted)) as chunks:
            async for chunk in chunks:
                yield chunk

    def chat_rate(self, chat_id: str) -> Rate | None:
        return Rate(5, 5)  # what Discord's headers say of one channel

    async def close(self) -> None:
        socket, self._socket = self._socket, None
        try:
            if socket:
                await connection.closed(socket)
        finally:
            await self._client.http.close()


def _joined(events: Iterable[Event]) -> list[Event]:
    """Neighbouring messages as one batch."""
    joined: list[Event] = []
    for event in events:
        if isinstance(event, Batch) and joined and isinstance(joined[-1], Batch):
            joined[-1].extend(event)
        else:
            joined.append(event)
    return joined
