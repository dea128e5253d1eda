"""Connects a Telegram bot, by long polling or by webhook: nothing is confirmed before it is stored.

The library's own Updater confirms updates while they are still in memory, and dies silently on a revoked token.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, ClassVar

from django.conf import settings
from telegram import Bot, BotCommand
from telegram.constants import ChatAction
from telegram.error import BadRequest, TelegramError
from telegram.request import HTTPXRequest

from apps.agents.commands.registry import for_everybody
from apps.chats.models import Channel
from apps.platforms import error_messages
from apps.platforms.adapter_kit import downloads
from apps.platforms.adapters.telegram import connection, sending
from apps.platforms.adapters.telegram.api import base_of
from apps.platforms.adapters.telegram.payloads import Me
from apps.platforms.adapters.telegram.sdk_errors import translated, translated_errors
from apps.platforms.adapters.telegram.webhook import secret
from apps.platforms.base import (
    Adapter,
    Alive,
    Buttons,
    Event,
    Identity,
    OutboundFile,
    OutboundPart,
    PlatformError,
    Rate,
)
from apps.platforms.webhooks import webhook_url

logger = logging.getLogger(__name__)

MENU_PATIENCE = 5.0  # seconds
GROUP_RATE = Rate(20, 60)  # "Bots FAQ": 20 messages a minute into one group, about one a second into a private chat
PRIVATE_RATE = Rate(20, 20)


class TelegramAdapter(Adapter):
    dialect: ClassVar[str] = "telegram"
    typing_every: ClassVar[float] = 4  # Telegram shows it for five seconds
    edit_every: ClassVar[float] = 3.1  # of the 20 a minute that a group allows
    # "InlineKeyboardButton": 64 bytes of data hold a token; the apps cut labels that are longer than a line.
    buttons: ClassVar[Buttons | None] = Buttons(most=8, longest=40)
    files: ClassVar[bool] = True
    caption_limit: ClassVar[int] = 1024
    rate: ClassVar[Rate | None] = Rate(25, 1)  # "Bots FAQ": 30 a second altogether

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._token = channel.credential("token")
        self._base = base_of(channel)
        self._by_webhook = channel.option("mode") == "webhook"
        self._bot = Bot(
            self._token,
            base_url=f"{self._base}/bot",
            base_file_url=f"{self._base}/file/bot",
            # Apart, so that a poll that hangs holds no send up.
            request=HTTPXRequest(connection_pool_size=16, connect_timeout=10, read_timeout=20, pool_timeout=30),
            get_updates_request=connection.UpdatesRequest(connection_pool_size=1, connect_timeout=10, read_timeout=10),
        )

    async def listen(self) -> AsyncGenerator[Event, None]:
        with translated_errors(self._token):
            await self._bot.initialize()
            self._me = Me(self._bot.bot.id, self._bot.username)
            await self._offer_commands()
            try:
                async for arrived in self._hooked() if self._by_webhook else connection.polled(self._bot, self._me):
                    yield arrived
            except BadRequest as error:  # of a poll, unlike of a message, it may pass
                raise PlatformError(str(translated(error, self._token)), permanent=self._by_webhook) from None

    async def _offer_commands(self) -> None:
        """Telegram's own menu shows them; only a courtesy."""
        offered = [BotCommand(each.name, str(each.help)) for each in for_everybody()]
        try:
            async with asyncio.timeout(MENU_PATIENCE):
                await self._bot.set_my_commands(offered)
        except (TelegramError, TimeoutError) as error:
            logger.info("Telegram's menu does not show the commands: %s", type(error).__name__)

    async def _hooked(self) -> AsyncGenerator[Event, None]:
        """Set again and again: a token that was revoked is found, and a webhook that somebody took away is back."""
        address, proof = webhook_url(self._channel), secret(self._channel)
        said: Event = Identity(self._me.ids)
        while True:
            await self._bot.set_webhook(url=address, secret_token=proof, allowed_updates=connection.WANTED)
            yield said
            said = Alive.TICK  # nothing happened: the channel's last event stays what it is
            await asyncio.sleep(settings.CHANNEL_STALL_TIMEOUT / 3)

    async def send(self, part: OutboundPart) -> str:
        with translated_errors(self._token):
            return await sending.send_text(self._bot, part)

    async def send_file(self, part: OutboundFile) -> str:
        with translated_errors(self._token):
            return await sending.send_file(self._bot, part)

    async def edit(self, message_id: str, part: OutboundPart) -> None:
        with translated_errors(self._token):
            await sending.edit_text(self._bot, message_id, part)

    async def react(self, chat_id: str, message_id: str, emoji: str) -> None:
        if not message_id.isdecimal():  # a press or a reaction, which we have given an id
            raise PlatformError(error_messages.no_message("Telegram"), permanent=True)
        with translated_errors(self._token):
            await self._bot.set_message_reaction(chat_id=chat_id, message_id=int(message_id), reaction=emoji)

    async def show_typing(self, chat_id: str, thread_id: str) -> None:
        with translated_errors(self._token):
            await self._bot.send_chat_action(
                chat_id=chat_id, action=ChatAction.TYPING, message_thread_id=int(thread_id) if thread_id else None
            )

    async def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        with translated_errors(self._token):
            file = await self._bot.get_file(str(source["file_id"]))
        async with aclosing(downloads.download(str(file.file_path), trusted=[downloads.host_of(self._base)])) as chunks:
            async for chunk in chunks:
                yield chunk

    def chat_rate(self, chat_id: str) -> Rate | None:
        return GROUP_RATE if chat_id.startswith("-") else PRIVATE_RATE

    async def close(self) -> None:
        await self._bot.shutdown()
