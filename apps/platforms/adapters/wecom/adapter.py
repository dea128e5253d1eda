"""Connects an app of WeCom: all comes in by its callback, and goes out by the API. AI bots have their own adapter."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.chats.models.channel import CredentialError
from apps.platforms.adapters.wecom import names
from apps.platforms.adapters.wecom.aibot.adapter import AiBotAdapter
from apps.platforms.adapters.wecom.api import Client
from apps.platforms.adapters.wecom.codec import codec_of, is_bot
from apps.platforms.adapters.wecom.sending import Sender
from apps.platforms.base import Adapter, Alive, Event, Identity, OutboundFile, OutboundPart, Rate


class WeComAdapter(Adapter):
    dialect: ClassVar[str] = "wecom"
    files: ClassVar[bool] = True
    names_people = True

    @classmethod
    def of(cls, channel: Channel) -> Adapter:
        """The credential `kind` says which."""
        return AiBotAdapter(channel) if is_bot(channel) else cls(channel)

    def __init__(self, channel: Channel) -> None:
        codec_of(channel)  # what arrives could not be read without it
        self._agent_id = channel.credential("agent_id")
        if not self._agent_id.isascii() or not self._agent_id.isdigit():
            raise CredentialError(_("The credential “agent_id” is a number, such as 1000002."))
        self._client = Client(channel)
        markup = channel.option("markup") != "no"
        self._sender = Sender(self._client, agent_id=int(self._agent_id), markup=markup)

    async def listen(self) -> AsyncGenerator[Event, None]:
        yield Identity(await self._who())
        while True:
            await asyncio.sleep(settings.CHANNEL_STALL_TIMEOUT / 3)
            await self._who()  # a secret that was changed is found before somebody waits for an answer
            yield Alive.TICK

    async def _who(self) -> Mapping[str, str]:
        app = await self._client.get("agent/get", agentid=self._agent_id)
        return {"id": self._agent_id, "name": str(app.get("name", ""))}

    async def send(self, part: OutboundPart) -> str:
        return await self._sender.send_text(part)

    async def send_file(self, part: OutboundFile) -> str:
        return await self._sender.send_file(part)

    async def name_of(self, sender_id: str) -> str:
        return await names.person(self._client, sender_id)

    async def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._client.media(str(source["media_id"]))) as chunks:
            async for chunk in chunks:
                yield chunk

    def chat_rate(self, chat_id: str) -> Rate | None:
        """To one person 30 a minute and 1,000 an hour; what is more is dropped without a word, so well below."""
        return Rate(15, 60)

    async def close(self) -> None:
        await self._client.close()
