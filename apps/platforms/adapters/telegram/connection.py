"""Asks for Telegram's updates by long polling, and reads them one by one.

The library's `get_updates` fails as a whole where it cannot read one of them (of a newer Bot API, for one): all of
them would come again for ever, and what people wrote would stand in the log.
"""

import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from django.conf import settings
from telegram import Bot, Update
from telegram.error import BadRequest
from telegram.request import HTTPXRequest

from apps.platforms import error_messages
from apps.platforms.adapters.telegram.payloads import Me, event, update_of
from apps.platforms.base import Alive, Batch, Event, Identity, Moved, PayloadError, PlatformError

logger = logging.getLogger(__name__)

POLL = 25  # seconds for which Telegram holds a request when nothing happens
# Without edits: what was asked is answered as it stood then.
WANTED = [Update.MESSAGE, Update.MESSAGE_REACTION, Update.CALLBACK_QUERY]


async def polled(bot: Bot, me: Me) -> AsyncGenerator[Event, None]:
    """Raises TelegramError. What is stored is confirmed by the next question."""
    await bot.delete_webhook()  # while one is set, Telegram answers no poll
    offset = None
    timeout = 0  # the first answer comes at once and says whether we may poll
    while True:
        updates = await bot.get_updates(offset=offset, timeout=timeout, allowed_updates=WANTED)
        if offset is None:
            yield Identity(me.ids)
        for arrived in _events(updates, me):
            yield arrived  # resumed after the commit
        await _quiet(bot, updates)
        offset = updates[-1].update_id + 1 if updates else offset or 0
        timeout = max(1, min(POLL, int(settings.CHANNEL_STALL_TIMEOUT / 3)))


async def _quiet(bot: Bot, updates: Sequence[Update]) -> None:
    """A pressed button shows that it works until this is said; too late is no trouble."""
    for update in updates:
        if update.callback_query:
            try:
                await bot.answer_callback_query(update.callback_query.id)
            except BadRequest as error:
                logger.debug("a press is not acknowledged: %s", error)


def _events(updates: Sequence[Update], me: Me) -> list[Event]:
    """In order: messages together, as far as no chat moves between them; a tick when there is nothing else."""
    events: list[Event] = []
    for update in updates:
        found = _event_of(update, me)
        if isinstance(found, Batch) and events and isinstance(events[-1], Batch):
            events[-1].extend(found)
        elif found:
            events.append(found)
    return events or [Alive.TICK]


def _event_of(update: Update, me: Me) -> Batch | Moved | None:
    try:
        return event(update, me)
    except PayloadError:
        # An update that cannot be read would come again for ever, and hold up everybody behind it.
        logger.exception("the update %s could not be read and is passed over", update.update_id)
        return None


class UpdatesRequest(HTTPXRequest):
    """What `get_updates` asks by: of an update that cannot be read it hands on the number and nothing else."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Raises TelegramError, or PlatformError for what is no answer with updates."""
        answer: Any = HTTPXRequest.parse_json_payload(payload)
        if not isinstance(answer, dict):
            raise PlatformError(error_messages.not_its_api("Telegram"))
        if "result" not in answer:
            return answer  # a refusal, of which the library makes its error
        if not isinstance(answer["result"], list):
            raise PlatformError(error_messages.not_its_api("Telegram"))
        return {**answer, "result": [_readable(each) for each in answer["result"]]}


def _readable(given: Any) -> dict[str, Any]:
    try:
        update_of(given)
    except PayloadError:
        number = given.get("update_id") if isinstance(given, dict) else None
        if not isinstance(number, int):
            raise PlatformError(error_messages.not_its_api("Telegram")) from None
        logger.exception("the update %s could not be read and is passed over", number)
        return {"update_id": number}
    return dict(given)
