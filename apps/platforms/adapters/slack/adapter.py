"""Connects a Slack app by Socket Mode: an envelope is acknowledged once what it brought is stored.

Bolt acknowledges before its handlers end, and the SDK's own client tries a refused ticket for ever: see connection.py.
"""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar
from urllib.request import proxy_bypass

import aiohttp
from django.conf import settings
from django.utils.translation import gettext as _
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel
from apps.platforms.adapter_kit import downloads
from apps.platforms.adapters.slack import sending
from apps.platforms.adapters.slack.api import base_of
from apps.platforms.adapters.slack.connection import QUIET, Envelope, Socket, opened
from apps.platforms.adapters.slack.files import is_a_page, is_slacks
from apps.platforms.adapters.slack.interactions import pressed
from apps.platforms.adapters.slack.names import Directory
from apps.platforms.adapters.slack.payloads import Me, Said, inbound, said
from apps.platforms.adapters.slack.reactions import reacted
from apps.platforms.adapters.slack.sdk_errors import translated_errors
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

TIMEOUT = aiohttp.ClientTimeout(total=50, connect=10, sock_read=20)


class SlackAdapter(Adapter):
    dialect: ClassVar[str] = "slack"
    edit_every: ClassVar[float] = 2.0  # "chat.update": tier 3, 50 a minute
    # "Block Kit": 25 in one block, 75 characters on a button, 3000 in a section.
    buttons: ClassVar[Buttons | None] = Buttons(most=25, longest=75, text=3000)
    files: ClassVar[bool] = True
    caption_limit: ClassVar[int] = 4000
    rate: ClassVar[Rate | None] = Rate(25, 5)  # "Rate limits": several hundred a minute into a workspace

    def __init__(self, channel: Channel) -> None:
        self._app_token = channel.credential("app_token")
        self._base = base_of(channel)
        self._ws_base = str(channel.option("ws_base") or "")
        self._open_threads = channel.is_on("threads")
        self._token = channel.credential("bot_token")
        # No handlers: the SDK's own would send a message again that may have arrived.
        self._web = AsyncWebClient(self._token, base_url=f"{self._base}/", retry_handlers=[], logger=QUIET)
        if proxy_bypass(downloads.host_of(self._base)):
            self._web.proxy = None  # the SDK reads HTTPS_PROXY, but not NO_PROXY
        self._directory = Directory(self._web)
        self._session: aiohttp.ClientSession | None = None
        self._socket: Socket | None = None

    async def listen(self) -> AsyncGenerator[Event, None]:
        self._session = self._web.session = aiohttp.ClientSession(timeout=TIMEOUT)
        self._me = await self._who_we_are()
        self._socket = await opened(self._web, self._app_token, self._ws_base)
        yield Identity(self._me.ids)
        while True:
            envelopes = await self._socket.envelopes()
            if batch := await self._batch(envelopes):
                yield batch  # resumed after the commit
            await self._acknowledge(envelopes)
            if self._socket.goodbye:
                await self._move_on(self._socket)
            if self._socket.has_answered():
                yield Alive.TICK

    async def _who_we_are(self) -> Me:
        with translated_errors():
            answer = await self._web.auth_test()
            return Me(
                user_id=str(answer["user_id"]),
                bot_id=str(answer.get("bot_id") or ""),
                name=str(answer.get("user") or ""),
                team_id=str(answer.get("team_id") or ""),
            )

    async def _batch(self, envelopes: Sequence[Envelope]) -> Batch:
        heard = [found for envelope in envelopes if (found := self._readable(envelope))]
        names = await self._directory.names(
            (person for each in heard for person in each.people if person != self._me.user_id),
            (each.chat_id for each in heard if not each.is_direct),
        )
        words = [inbound(each, self._me, names, open_threads=self._open_threads) for each in heard]
        presses = (press for envelope in envelopes if (press := _pressed(envelope)))
        return Batch([*words, *presses, *(reaction for envelope in envelopes if (reaction := self._reacted(envelope)))])

    def _readable(self, envelope: Envelope) -> Said | None:
        if envelope.get("type") != "events_api":
            return None
        try:
            return said(envelope.get("payload"), self._me)
        except PayloadError:
            # It would come again, and no more readable.
            logger.exception("an event of Slack could not be read and is passed over")
            return None

    def _reacted(self, envelope: Envelope) -> InboundMessage | None:
        try:
            return reacted(envelope.get("payload"), self._me) if envelope.get("type") == "events_api" else None
        except PayloadError:
            logger.exception("a reaction of Slack could not be read and is passed over")
            return None

    async def _acknowledge(self, envelopes: Sequence[Envelope]) -> None:
        assert self._socket is not None
        with translated_errors():
            for envelope in envelopes:
                await self._socket.send_socket_mode_response(SocketModeResponse(envelope["envelope_id"]))

    async def _move_on(self, former: Socket) -> None:
        """Slack renews its connections every few hours: the new one stands before the old one goes."""
        reason = former.goodbye
        if reason not in ("warning", "refresh_requested"):
            raise PlatformError(_why_closed(reason))
        if former.life < settings.CHANNEL_BACKOFF[0]:
            raise PlatformError(_("Slack closes the websocket as soon as it is open."))
        try:
            self._socket = await opened(self._web, self._app_token, self._ws_base)
            self._socket.take_over(former)
        finally:
            await former.close()
        logger.info("Slack asked for a new websocket (%s), and has it", reason)

    async def send(self, part: OutboundPart) -> str:
        with translated_errors():
            return await sending.send_text(self._web, part)

    async def send_file(self, part: OutboundFile) -> str:
        with translated_errors():
            return await sending.send_file(self._web, part)

    async def settle(self, message_id: str, part: OutboundPart) -> None:
        with translated_errors():
            await sending.settle(self._web, message_id, part)

    async def edit(self, message_id: str, part: OutboundPart) -> None:
        with translated_errors():
            await sending.edit_text(self._web, message_id, part)

    async def react(self, chat_id: str, message_id: str, emoji: str) -> None:
        with translated_errors():
            await sending.react(self._web, chat_id, message_id, emoji)

    async def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        url = str(source.get("url") or "") or await self._address(str(source.get("file_id")))
        if not is_slacks(url, self._base):
            raise PlatformError(_("The file does not lie at Slack."), permanent=True)
        headers = {"Authorization": f"Bearer {self._token}"}
        trusted = [downloads.host_of(self._base)]
        first = True
        async with aclosing(downloads.download(url, headers=headers, trusted=trusted)) as chunks:
            async for chunk in chunks:
                if first and is_a_page(chunk, str(source.get("mime") or "")):
                    raise PlatformError(_("Slack keeps the file from the bot: it lacks files:read."), permanent=True)
                first = False
                yield chunk

    async def _address(self, file_id: str) -> str:
        """Of a file from another workspace, of which the event tells nothing but its id."""
        with translated_errors():
            file = (await self._web.files_info(file=file_id))["file"]
            return str(file.get("url_private_download") or file["url_private"])

    def chat_rate(self, chat_id: str) -> Rate | None:
        return Rate(3, 3)  # "chat.postMessage": about one a second into a channel, short bursts over it

    async def close(self) -> None:
        if self._socket:
            await self._socket.close()
        if self._session:
            await self._session.close()


def _pressed(envelope: Envelope) -> InboundMessage | None:
    if envelope.get("type") != "interactive":
        return None
    try:
        return pressed(envelope.get("payload"))
    except PayloadError:
        logger.exception("an interaction of Slack could not be read and is passed over")
        return None


def _why_closed(reason: str) -> str:
    if reason == "link_disabled":
        return _("Socket Mode is switched off for the app; switch it on at api.slack.com/apps.")
    if reason == "too_many_websockets":
        return _("Too many programs are connected with this app's token: Slack allows ten.")
    return _("Slack closed the websocket.")
