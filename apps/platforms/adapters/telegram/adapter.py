"""Telegram's Bot API, by long polling or by webhook: nothing is confirmed before it is stored.

The library's own Updater confirms updates while they are still in memory, and dies silently on a revoked token.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar

from django.conf import settings
from telegram import Bot, BotCommand, Update
from telegram.constants import ChatAction
from telegram.error import BadRequest, TelegramError
from telegram.request import HTTPXRequest

from apps.agents.commands.registry import for_everybody
from apps.chats.models import Channel
from apps.platforms import error_messages
from apps.platforms.adapters import downloads
from apps.platforms.adapters.telegram import connection, sending
from apps.platforms.adapters.telegram.payloads import Me, event
from apps.platforms.adapters.telegram.sdk_errors import translated, translated_errors
from apps.platforms.adapters.telegram.webhook import secret
from apps.platforms.base import (
    Adapter,
    Alive,
    Batch,
    Buttons,
    Event,
    Identity,
    Moved,
    OutboundFile,
    OutboundPart,
    PayloadError,
    PlatformError,
    Rate,
)
from apps.platforms.webhooks import webhook_url

logger = logging.getLogger(__name__)

API = "https://api.telegram.org"
MENU_PATIENCE = 5.0  # seconds
POLL = 25  # seconds for which Telegram holds a request when nothing happens
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
        base = str(channel.option("api_base") or API).rstrip("/")
        self._base = base
        self._by_webhook = channel.option("mode") == "webhook"
        self._bot = Bot(
            self._token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
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
                async for arrived in self._hooked() if self._by_webhook else self._polled():
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

    async def _polled(self) -> AsyncGenerator[Event, None]:
        await self._bot.delete_webhook()  # while one is set, Telegram answers no poll
        offset = None
        timeout = 0  # the first answer comes at once and says whether we may poll
        while True:
            updates = await self._bot.get_updates(offset=offset, timeout=timeout, allowed_updates=connection.WANTED)
            if offset is None:
                yield Identity(self._me.ids)
            for arrived in _events(updates, self._me):
                yield arrived  # resumed after the commit
            await self._quiet(updates)
            offset = updates[-1].update_id + 1 if updates else offset or 0
            timeout = max(1, min(POLL, int(settings.CHANNEL_STALL_TIMEOUT / 3)))

    async def _quiet(self, updates: Sequence[Update]) -> None:
        """A pressed button shows that it works until this is said; too late is no trouble."""
        for update in updates:
            if update.callback_query:
                try:
                    await self._bot.answer_callback_query(update.callback_query.id)
                except BadRequest as error:
                    logger.debug("a press is not acknowledged: %s", error)

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


def _events(updates: Sequence[Update], me: Me) -> list[Event]:
    """In order: messages together, as far as no chat moves between them; a tick when there is nothing else."""
    events: list[Event] = []
    for update in updates:
        found = _readable(update, me)
        if isinstance(found, Batch) and events and isinstance(events[-1], Batch):
            events[-1].extend(found)
        elif found:
            events.append(found)
    return events or [Alive.TICK]


def _readable(update: Update, me: Me) -> Batch | Moved | None:
    try:
        return event(update, me)
    except PayloadError:
        # An update that cannot be read would come again for ever, and hold up everybody behind it.
        logger.exception("the update %s could not be read and is passed over", update.update_id)
        return None
