"""Telegram's Bot API by long polling: no public address is needed, and nothing is confirmed before it is stored.

The library's own Updater confirms updates while they are still in memory, and dies silently on a revoked token.
"""

import logging
from collections.abc import AsyncGenerator, Sequence
from typing import ClassVar

from django.conf import settings
from telegram import Bot, ReplyParameters, Update
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.request import HTTPXRequest

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel
from apps.platforms.base import Adapter, Alive, Batch, Event, Moved, OutboundPart, PlatformError
from apps.platforms.telegram.errors import translated
from apps.platforms.telegram.payloads import Me, inbound

logger = logging.getLogger(__name__)

API = "https://api.telegram.org"
POLL = 25  # seconds for which Telegram holds a request when nothing happens
GENERAL_TOPIC = "1"  # sending into it by name is refused, typing in it is not


class TelegramAdapter(Adapter):
    dialect: ClassVar[str] = "telegram"
    typing_every: ClassVar[float] = 4  # Telegram shows it for five seconds

    def __init__(self, channel: Channel) -> None:
        self._token = channel.credential("token")
        base = str(channel.option("api_base") or API).rstrip("/")
        self._bot = Bot(
            self._token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            # Apart, so that a poll that hangs holds no send up.
            request=HTTPXRequest(connection_pool_size=16, connect_timeout=10, read_timeout=20, pool_timeout=30),
            get_updates_request=HTTPXRequest(connection_pool_size=1, connect_timeout=10, read_timeout=10),
        )

    async def listen(self) -> AsyncGenerator[Event, None]:
        try:
            await self._bot.initialize()
            me = Me(self._bot.bot.id, self._bot.username)
            offset = None
            timeout = 0  # the first answer comes at once and says whether we may poll
            while True:
                updates = await self._bot.get_updates(offset=offset, timeout=timeout, allowed_updates=[Update.MESSAGE])
                for event in _events(updates, me):
                    yield event  # resumed after the commit
                if updates:
                    offset = updates[-1].update_id + 1
                timeout = max(1, min(POLL, int(settings.CHANNEL_STALL_TIMEOUT / 3)))
        except BadRequest as error:  # of a poll, unlike of a message, it may pass
            raise PlatformError(str(translated(error, self._token))) from None
        except TelegramError as error:
            raise translated(error, self._token) from None

    async def send(self, part: OutboundPart) -> str:
        try:
            return await self._send(part, part.text, ParseMode.HTML)
        except BadRequest as error:
            if "can't parse entities" not in str(error).lower():
                raise translated(error, self._token) from None
            logger.warning("Telegram could not read the markup for %s, sent without: %s", part.chat_id, error)
        except TelegramError as error:
            raise translated(error, self._token) from None
        try:
            return await self._send(part, part.plain, None)
        except TelegramError as error:
            raise translated(error, self._token) from None

    async def _send(self, part: OutboundPart, text: str, parse_mode: str | None) -> str:
        reply = (
            ReplyParameters(int(part.reply_to), allow_sending_without_reply=True) if part.reply_to.isdigit() else None
        )
        thread = part.thread_id if part.thread_id != GENERAL_TOPIC else ""
        message = await self._bot.send_message(
            chat_id=part.chat_id,
            text=text,
            parse_mode=parse_mode,
            message_thread_id=int(thread) if thread else None,
            reply_parameters=reply,
        )
        return str(message.message_id)

    async def show_typing(self, chat_id: str, thread_id: str) -> None:
        try:
            await self._bot.send_chat_action(
                chat_id=chat_id, action=ChatAction.TYPING, message_thread_id=int(thread_id) if thread_id else None
            )
        except TelegramError as error:
            raise translated(error, self._token) from None

    async def close(self) -> None:
        await self._bot.shutdown()


def _events(updates: Sequence[Update], me: Me) -> list[Event]:
    """In order: messages together, as far as no chat moves between them; a tick when there is nothing else."""
    events: list[Event] = []
    for update in updates:
        translation = _translation(update, me)
        if isinstance(translation, Moved):
            events.append(translation)
        elif translation:
            if not events or not isinstance(events[-1], Batch):
                events.append(Batch())
            batch = events[-1]
            assert isinstance(batch, Batch)
            batch.append(translation)
    return events or [Alive.TICK]


def _translation(update: Update, me: Me) -> InboundMessage | Moved | None:
    try:
        return inbound(update, me)
    except Exception:
        # An update that cannot be read would come again for ever, and hold up everybody behind it.
        logger.exception("the update %s could not be read and is passed over", update.update_id)
        return None
