"""Connects an app of Feishu or Lark, by a long connection or by webhook; it acknowledges what is stored."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, ClassVar
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel
from apps.platforms.adapter_kit import downloads
from apps.platforms.adapters.feishu import sending
from apps.platforms.adapters.feishu.api import OpenApi
from apps.platforms.adapters.feishu.emoji import reaction
from apps.platforms.adapters.feishu.errors import RefusedError, of_connection
from apps.platforms.adapters.feishu.names import Names
from apps.platforms.adapters.feishu.payloads import Me, event, event_from
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

CHAT_RATE = Rate(5, 1)  # "Send message": 5 a second to one user, or by all bots into one group


class FeishuAdapter(Adapter):
    dialect: ClassVar[str] = "feishu"
    idempotent: ClassVar[bool] = True  # within an hour
    edit_every: ClassVar[float] = 1.0  # "Update card": 5 a second for one message
    # "Button" names no number of its own; a card may have some 45 elements, of 30 KB.
    buttons: ClassVar[Buttons | None] = Buttons(most=20, longest=60)
    files: ClassVar[bool] = True
    rate: ClassVar[Rate | None] = Rate(40, 2.4)  # "Rate limits": 1000 a minute and 50 a second

    def __init__(self, channel: Channel) -> None:
        self._api = OpenApi(channel)
        self._names = Names(self._api)
        self._is_streamed = channel.is_on("stream")
        self._is_hooked = is_hooked(channel)
        self.names_people = self._is_hooked  # a long connection asks before it acknowledges
        if self._is_hooked:
            for key in ("encrypt_key", "verification_token"):
                channel.credential(key)  # said now: without them every request is refused
        else:
            _load_sdk()

    async def listen(self) -> AsyncGenerator[Event, None]:
        try:
            ids = await self._api.bot()
            self._me = Me(self._api.app_id, ids["id"])
            async with aclosing(self._hooked(ids) if self._is_hooked else self._connected(ids)) as events:
                async for arrived in events:
                    yield arrived
        except RefusedError as error:
            raise of_connection(error) from None

    async def _hooked(self, ids: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Asked again and again: an app that was disabled would be noticed only when somebody wants an answer."""
        yield Identity(ids)
        while True:
            await asyncio.sleep(settings.CHANNEL_STALL_TIMEOUT / 3)
            await self._api.bot()
            yield Alive.TICK

    async def _connected(self, ids: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        connection = _load_sdk().LongConnection(self._api)
        try:
            await connection.open()
            yield Identity(ids)
            while True:
                deliveries = await connection.take()
                if not deliveries:
                    yield Alive.TICK
                found = Batch([message for each in deliveries for message in await self._read(each.payload)])
                if found:
                    yield found  # resumed after the commit
                for each in deliveries:
                    await connection.acknowledge(each)
        finally:
            await connection.close()

    async def _read(self, payload: bytes) -> list[InboundMessage]:
        try:
            found = event(event_from(payload), self._me)
        except PayloadError as error:
            # Delivered again it could be read no better.
            logger.warning("an event of Feishu's could not be read and is passed over: %s", error)
            return []
        return [await self._names.complete(message, self._me) for message in found or ()]

    async def send(self, part: OutboundPart) -> str:
        return await sending.send_text(self._api, part, editable=self._is_streamed)

    async def send_file(self, part: OutboundFile) -> str:
        return await sending.send_file(self._api, part)

    async def edit(self, message_id: str, part: OutboundPart) -> None:
        await sending.edit_card(self._api, message_id, part)

    async def react(self, chat_id: str, message_id: str, emoji: str) -> None:
        name = reaction(emoji)
        if not name:
            raise PlatformError(_("Feishu has no reaction for %s.") % emoji, permanent=True)
        body = {"reaction_type": {"emoji_type": name}}
        await self._api.call("POST", f"/im/v1/messages/{quote(message_id, safe='')}/reactions", json=body)

    async def name_of(self, sender_id: str) -> str:
        return await self._names.person(sender_id)

    async def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        message_id, key = quote(str(source["message_id"]), safe=""), quote(str(source["key"]), safe="")
        path = f"/open-apis/im/v1/messages/{message_id}/resources/{key}"
        url = f"{self._api.base}{path}?type={quote(str(source['type']))}"
        headers = {"Authorization": f"Bearer {await self._api.token()}"}
        trusted = [downloads.host_of(self._api.base)]
        async with aclosing(downloads.download(url, headers=headers, trusted=trusted)) as chunks:
            async for chunk in chunks:
                yield chunk

    def chat_rate(self, chat_id: str) -> Rate | None:
        return CHAT_RATE

    async def close(self) -> None:
        await self._api.close()


def is_hooked(channel: Channel) -> bool:
    """Whether Feishu calls us. Raises PlatformError."""
    mode = str(channel.credentials.get("mode") or "long")
    if mode not in ("long", "webhook"):
        raise PlatformError(_("The mode is “%s”; long or webhook is expected.") % mode, permanent=True)
    return mode == "webhook"


def _load_sdk() -> Any:
    """Here and not above: only a long connection needs it, and it costs seconds and some 130 MB."""
    from apps.platforms.adapters.feishu import connection  # noqa: PLC0415

    return connection
