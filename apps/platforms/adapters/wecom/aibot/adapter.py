"""Serves an AI bot of WeCom: each message brings an address, to which one answer may go within an hour."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms.adapter_kit import downloads
from apps.platforms.adapter_kit.chat_context import Context, context_of
from apps.platforms.adapters.wecom.api import API, TIMEOUT, answered, base_of
from apps.platforms.adapters.wecom.codec import BLOCK, codec_of, decryptor, key_of, unpadded
from apps.platforms.adapters.wecom.errors import USED, WeComError, unreachable
from apps.platforms.base import Adapter, Event, Identity, OutboundPart, PlatformError, ticks

MOST_USED = 1000  # addresses that are remembered as used


class AiBotAdapter(Adapter):
    dialect: ClassVar[str] = "wecom.aibot"

    def __init__(self, channel: Channel) -> None:
        codec_of(channel)
        self._key = key_of(channel)
        self._channel = channel
        self._trusted = [downloads.host_of(base) for base in (API, base_of(channel))]
        self._http = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False)
        self._used: dict[str, None] = {}  # in the order of their use

    async def listen(self) -> AsyncGenerator[Event, None]:
        yield Identity({"kind": "aibot"})  # there is nothing that could be asked
        async for tick in ticks():
            yield tick

    async def send(self, part: OutboundPart) -> str:
        url = self._address(await context_of(self._channel, part.chat_id))
        body = {"msgtype": "markdown", "markdown": {"content": part.text}}
        try:
            answered(await self._http.post(url, json=body))
        except httpx.HTTPError as error:
            raise unreachable(error) from None
        except WeComError as error:
            if error.permanent:
                raise PlatformError(f"{_(USED)}: {error}", permanent=True) from None
            raise
        self._remember(url)
        return "answer"

    def _address(self, context: Context) -> str:
        """Raises PlatformError. It came in a payload, so only WeCom's own hosts are believed."""
        url, until = context.values.get("response_url", ""), context.values.get("until", "")
        if not url:
            raise PlatformError(_("An AI bot of WeCom can only answer, and nobody wrote here yet."), permanent=True)
        if downloads.host_of(url) not in self._trusted:
            raise PlatformError(_("The address for the answer is not WeCom's."), permanent=True)
        if url in self._used or datetime.now(UTC).isoformat() > until:
            raise PlatformError(f"{_(USED)}.", permanent=True)
        return url

    def _remember(self, url: str) -> None:
        self._used[url] = None
        if len(self._used) > MOST_USED:
            del self._used[next(iter(self._used))]

    async def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        """Files lie encrypted, with the key of the callback."""
        context, kept = decryptor(self._key), b""
        async with aclosing(downloads.download(str(source["url"]), trusted=self._trusted[1:])) as chunks:
            async for chunk in chunks:
                kept += context.update(chunk)
                ready = max(0, len(kept) - BLOCK)  # the padding is in what comes last
                yield kept[:ready]
                kept = kept[ready:]
        try:
            last = unpadded(kept + context.finalize())
        except ValueError:
            raise PlatformError(_("The file cannot be decrypted."), permanent=True) from None
        yield last

    async def close(self) -> None:
        await self._http.aclose()
