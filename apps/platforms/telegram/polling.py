"""Telegram's updates by long polling, read one by one.

The library's own `get_updates` fails as a whole where it cannot read one of them (of a newer Bot API, for one): all of
them would come again for ever. It also writes into the log what people wrote.
"""

import logging
from typing import Any

from telegram import Bot, Update

from apps.platforms import sentences
from apps.platforms.base import PayloadError, PlatformError
from apps.platforms.telegram.payloads import update_of

logger = logging.getLogger(__name__)

READ_TIMEOUT = 10  # seconds beyond those for which Telegram was asked to hold the request
# Without edits: what was asked is answered as it stood then.
WANTED = [Update.MESSAGE, Update.MESSAGE_REACTION, Update.CALLBACK_QUERY]


async def updates(bot: Bot, *, offset: int | None, seconds: int) -> list[Update]:
    """What came; one that cannot be read has its number and nothing else. Raises TelegramError or PlatformError."""
    asked = {"offset": offset, "timeout": seconds, "allowed_updates": WANTED}
    given = await bot._post("getUpdates", asked, read_timeout=READ_TIMEOUT + seconds)
    return [_read(each) for each in (given if isinstance(given, list) else [given])]


def _read(given: Any) -> Update:
    try:
        return update_of(given)
    except PayloadError:
        number = given.get("update_id") if isinstance(given, dict) else None
        if not isinstance(number, int):
            raise PlatformError(sentences.not_its_api("Telegram")) from None
        logger.exception("the update %s could not be read and is passed over", number)
        return Update(number)
