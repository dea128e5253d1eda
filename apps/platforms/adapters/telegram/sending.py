"""Sends texts, files and edits to Telegram; markup that Telegram cannot read goes out as plain text."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest

from apps.chats.models import Message
from apps.platforms.base import OutboundFile, OutboundPart

logger = logging.getLogger(__name__)

GENERAL_TOPIC = "1"  # sending into it by name is refused, typing in it is not
MOST_PHOTO = 10 * 1024 * 1024  # bytes ("sendPhoto"); a larger one goes as a document

Telling = Callable[[str, str | None], Awaitable[Any]]  # (text, parse mode)


async def send_text(bot: Bot, part: OutboundPart) -> str:
    def tell(text: str, mode: str | None) -> Awaitable[Any]:
        return bot.send_message(text=text, parse_mode=mode, reply_markup=_keyboard(part), **_place(part))

    return str((await _readable(tell, part.text, part.plain)).message_id)


async def edit_text(bot: Bot, message_id: str, part: OutboundPart) -> None:
    def tell(text: str, mode: str | None) -> Awaitable[Any]:
        return bot.edit_message_text(chat_id=part.chat_id, message_id=int(message_id), text=text, parse_mode=mode)

    try:
        await _readable(tell, part.text, part.plain)
    except BadRequest as error:
        if "not modified" not in str(error).lower():
            raise


def _keyboard(part: OutboundPart) -> InlineKeyboardMarkup | None:
    """One under the other, so that long labels can be read; an edit without it takes it away."""
    rows = [[InlineKeyboardButton(button.label, callback_data=button.token)] for button in part.buttons]
    return InlineKeyboardMarkup(rows) if rows else None


async def send_file(bot: Bot, part: OutboundFile) -> str:
    as_photo = part.kind == Message.Kind.IMAGE and len(part.content) <= MOST_PHOTO

    def tell(text: str, mode: str | None) -> Awaitable[Any]:
        file = InputFile(part.content, filename=part.name)
        words = {"caption": text or None, "parse_mode": mode if text else None, **_place(part)}
        return bot.send_photo(photo=file, **words) if as_photo else bot.send_document(document=file, **words)

    return str((await _readable(tell, part.caption, part.plain)).message_id)


async def _readable(tell: Telling, text: str, plain: str) -> Any:
    try:
        return await tell(text, ParseMode.HTML)
    except BadRequest as error:
        if "can't parse entities" not in str(error).lower():
            raise
        logger.warning("Telegram could not read the markup, sent without: %s", error)
    return await tell(plain, None)


def _place(part: OutboundPart | OutboundFile) -> dict[str, Any]:
    thread = part.thread_id if part.thread_id != GENERAL_TOPIC else ""
    reply = ReplyParameters(int(part.reply_to), allow_sending_without_reply=True) if part.reply_to.isdigit() else None
    return {
        "chat_id": part.chat_id,
        "message_thread_id": int(thread) if thread else None,
        "reply_parameters": reply,
    }
