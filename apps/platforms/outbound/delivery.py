"""One message on its way out: claimed, made into parts, sent part by part, and left in a state a page can show."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.chats import incidents
from apps.chats.models import Message
from apps.events import hooks
from apps.events.backoff import doubled, jittered
from apps.platforms import error_messages
from apps.platforms.aio.database import in_database
from apps.platforms.base import Adapter, OutboundFile, PlatformError
from apps.platforms.inbound import intake
from apps.platforms.outbound import parts
from apps.platforms.outbound.drafts import Drafts
from apps.platforms.outbound.rates import Rates

logger = logging.getLogger(__name__)

SEND_TIMEOUT = 60.0  # seconds for one part
GIVE_UP = timedelta(days=1)  # temporary trouble is put up with for so long
RESEND_WINDOW = timedelta(minutes=15)  # a message that may have arrived is sent again only while it is this young


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji under somebody's message; set twice it stands there once."""

    chat_id: str
    message_id: str
    emoji: str


Piece = parts.Piece | Reaction


async def deliver(message: Message, adapter: Adapter, rates: Rates, drafts: Drafts) -> None:
    """Raises DatabaseError only; the row is then found `sending` by the next sweep."""
    await rates.turn(message.chat.channel_id, message.chat.external_id, adapter)
    try:
        pieces = await in_database(_claimed, message, adapter)
        if pieces is None:
            return
        await _send_pieces(message, pieces, adapter, rates, drafts)
    except PlatformError as error:
        harmless = adapter.idempotent or message.kind == Message.Kind.REACTION
        await in_database(settle, message, error, idempotent=harmless)
    else:
        await in_database(_sent, message)


def _claimed(message: Message, adapter: Adapter) -> Sequence[Piece] | None:
    """What to send; None when somebody else was faster. Raises PlatformError once it is ours."""
    if not message.claim_delivery():
        return None
    if message.kind == Message.Kind.REACTION:
        return [Reaction(message.chat.external_id, message.reply_to, message.text)]
    try:
        return parts.pieces(message, adapter)
    except (PlatformError, DatabaseError):
        raise
    except Exception as error:
        # A mistake of ours would be made again, and again hold up what waits behind it.
        logger.exception("message %s could not be made into parts", message.pk)
        raise PlatformError(
            _("An unexpected error (%s); see the log.") % type(error).__name__, permanent=True
        ) from error


async def _send_pieces(
    message: Message, pieces: Sequence[Piece], adapter: Adapter, rates: Rates, drafts: Drafts
) -> None:
    """From the first one that is missing: a retry repeats none that arrived."""
    first = len(message.external_parts)
    for number, piece in enumerate(pieces):
        if number < first:
            continue
        if number > first:
            await rates.turn(message.chat.channel_id, message.chat.external_id, adapter)
        may_replace = number == 0 and adapter.edit_every and not isinstance(piece, Reaction)
        draft_id = await drafts.take(message) if may_replace else ""
        external_id = await _bounded(_send(piece, adapter, draft_id), piece.chat_id)
        await in_database(message.mark_part_sent, external_id)
        if draft_id:
            await drafts.forget(message.run_id)


async def _send(piece: Piece, adapter: Adapter, draft_id: str) -> str:
    if isinstance(piece, Reaction):
        await adapter.react(piece.chat_id, piece.message_id, piece.emoji)
        return ""
    if isinstance(piece, OutboundFile):
        return await adapter.send_file(piece)
    if draft_id:
        try:
            await adapter.edit(draft_id, piece)
        except PlatformError as error:
            if not error.permanent:
                raise
            logger.info("the draft in %s cannot be edited any more, a new message is sent: %s", piece.chat_id, error)
        else:
            return draft_id
    return await adapter.send(piece)


async def _bounded(sending: Coroutine[Any, Any, str], chat_id: str) -> str:
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            return await sending
    except TimeoutError as error:
        said = _("The platform did not answer within %.0f s.") % SEND_TIMEOUT
        raise PlatformError(said, ambiguous=True) from error
    except PlatformError:
        raise
    except Exception as error:
        # An adapter's mistake must not leave the message `sending` for ever.
        logger.exception("sending to %s failed", chat_id)
        said = _("An unexpected error (%s); see the log.") % type(error).__name__
        raise PlatformError(said, ambiguous=True) from error


def settle(message: Message, error: PlatformError, *, idempotent: bool) -> None:
    """What becomes of a message that was not, or perhaps not, delivered."""
    age = timezone.now() - message.created_at
    if error.moved_to:
        intake.move_chat(message.chat.channel, message.chat.external_id, error.moved_to)
    if error.permanent:
        fail(message, str(error))
    elif age > GIVE_UP:
        fail(message, _("%s It was tried for a day.") % error)
    elif error.retry_after is not None:
        message.mark_waiting(str(error), error.retry_after)
    elif error.ambiguous and not idempotent and age > RESEND_WINDOW:
        message.mark_unknown(str(error))
        incidents.record("delivery", message.chat, _("It is not known whether a message arrived: %s") % error)
    else:
        message.mark_retry(str(error), _retry_delay(message.attempts))
    hooks.message_delivered.fire(message=message)


def fail(message: Message, sentence: str) -> None:
    """For good: shown, with a button to send it again."""
    message.mark_failed(sentence)
    incidents.record("delivery", message.chat, error_messages.not_delivered(sentence))


def _sent(message: Message) -> None:
    message.mark_sent()
    hooks.message_delivered.fire(message=message)


def _retry_delay(attempts: int) -> float:
    shortest, longest = settings.OUTBOX_RETRY_DELAY
    return jittered(doubled(shortest, longest, attempts - 1), 1, 1.1)
