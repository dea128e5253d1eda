"""Serves a number of WhatsApp's Cloud API: all comes in by webhook, and the token is asked after again and again."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any, ClassVar

import httpx
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from pywa_async.client import WhatsApp

from apps.chats.models import Channel
from apps.platforms.adapter_kit import downloads
from apps.platforms.adapter_kit.chat_context import context_of
from apps.platforms.adapters.whatsapp import sending
from apps.platforms.adapters.whatsapp.api import VERSION, base_of
from apps.platforms.adapters.whatsapp.content import digits
from apps.platforms.adapters.whatsapp.errors import WindowClosedError
from apps.platforms.adapters.whatsapp.sdk_errors import translated_errors
from apps.platforms.base import Adapter, Alive, Buttons, Event, Identity, OutboundFile, OutboundPart, Rate
from apps.platforms.outbound import question_parts

TIMEOUT = httpx.Timeout(20, connect=10)
WINDOW = timedelta(hours=24, minutes=-1)  # after somebody's last message; a little early, as the way there takes time


class WhatsAppAdapter(Adapter):
    dialect: ClassVar[str] = "whatsapp"
    typing_every: ClassVar[float] = 20  # WhatsApp shows it for 25 seconds
    # "Interactive messages": a list of ten, 20 characters on a button, 1024 above it.
    buttons: ClassVar[Buttons | None] = Buttons(most=10, longest=20, text=1024)
    files: ClassVar[bool] = True
    caption_limit: ClassVar[int] = 1024
    rate: ClassVar[Rate | None] = Rate(80, 1)  # "Messaging throughput": 80 a second, more where Meta raised it

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._phone_id = channel.credential("phone_id")
        self._token = channel.credential("access_token")
        for needed in ("app_secret", "verify_token"):
            channel.credential(needed)
        self._session = httpx.AsyncClient(timeout=TIMEOUT)
        self._wa = WhatsApp(
            self._phone_id, self._token, session=self._session, api_version=VERSION, validate_updates=False
        )
        self._session.base_url = httpx.URL(base_of(channel))  # the library knows only Meta's own server

    async def listen(self) -> AsyncGenerator[Event, None]:
        yield Identity(await self._who())
        while True:
            await asyncio.sleep(settings.CHANNEL_STALL_TIMEOUT / 3)
            await self._who()  # a token that was revoked is found before somebody waits for an answer
            yield Alive.TICK

    async def _who(self) -> Mapping[str, str]:
        with translated_errors(self._token):
            number = await self._wa.api.get_business_phone_number(self._phone_id, ("display_phone_number",))
            return {"id": self._phone_id, "number": digits(number["display_phone_number"])}

    async def send(self, part: OutboundPart) -> str:
        if await self._is_closed(part.chat_id):
            return await self._send_template(part)
        try:
            with translated_errors(self._token):
                return await sending.send_text(self._wa, part)
        except WindowClosedError:
            return await self._send_template(part)

    async def _send_template(self, part: OutboundPart) -> str:
        name = str(self._channel.option("template") or "")
        if not name:
            raise WindowClosedError(_("The channel's option template names none."))
        part = question_parts.written(part)
        language = str(self._channel.option("template_language") or "en_US")
        with translated_errors(self._token):
            return await sending.send_template(self._wa, part, name=name, language=language)

    async def send_file(self, part: OutboundFile) -> str:
        if await self._is_closed(part.chat_id):
            raise WindowClosedError(_("A template carries no file."))
        with translated_errors(self._token):
            return await sending.send_file(self._wa, part)

    async def _is_closed(self, chat_id: str) -> bool:
        """Where nobody ever wrote, WhatsApp itself decides."""
        last = (await context_of(self._channel, chat_id)).last_inbound_at
        return last is not None and timezone.now() - last > WINDOW

    async def react(self, chat_id: str, message_id: str, emoji: str) -> None:
        with translated_errors(self._token):
            await self._wa.send_reaction(chat_id, emoji, message_id)

    async def show_typing(self, chat_id: str, thread_id: str) -> None:
        """WhatsApp wants to know for which message; that one becomes a read one."""
        message_id = (await context_of(self._channel, chat_id)).values.get("message_id")
        if message_id:
            with translated_errors(self._token):
                await self._wa.indicate_typing(message_id)

    async def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        with translated_errors(self._token):
            found = await self._wa.api.get_media_url(str(source["media_id"]))
            url = str(found["url"])
        proof = {"Authorization": f"Bearer {self._token}"}
        trusted = [downloads.host_of(base_of(self._channel))]
        async with aclosing(downloads.download(url, headers=proof, trusted=trusted)) as chunks:
            async for chunk in chunks:
                yield chunk

    def chat_rate(self, chat_id: str) -> Rate | None:
        return Rate(10, 60)  # "pair rate limit": one message in six seconds, some at once

    async def close(self) -> None:
        await self._session.aclose()
