"""Turns what python-telegram-bot raises into PlatformErrors, whose sentences do not hold the token."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from django.utils.translation import gettext as _
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from apps.chats.network_errors import why
from apps.platforms import error_messages
from apps.platforms.adapters.telegram.errors import BAD_TOKEN
from apps.platforms.base import PlatformError

# The library's coming way of telling durations; without it every RetryAfter warns of the change.
os.environ.setdefault("PTB_TIMEDELTA", "true")

UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


@contextmanager
def translated_errors(token: str) -> Iterator[None]:
    """Whatever the library raises inside becomes a PlatformError."""
    try:
        yield
    except TelegramError as error:
        raise translated(error, token) from None


def translated(error: TelegramError, token: str) -> PlatformError:
    """The order matters: the library's BadRequest and TimedOut are NetworkErrors."""
    sentence = str(error).replace(token, "***")
    if isinstance(error, RetryAfter):
        seconds = _seconds(error)
        return PlatformError(error_messages.asks_to_wait("Telegram", seconds), retry_after=seconds)
    if isinstance(error, ChatMigrated):
        return PlatformError(_("The group became a supergroup."), moved_to=str(error.new_chat_id))
    if isinstance(error, InvalidToken):
        return PlatformError(_(BAD_TOKEN), permanent=True)
    if isinstance(error, Conflict):
        said = _("Another program polls Telegram with this token, or a webhook is set: %s")
        return PlatformError(said % sentence)
    if isinstance(error, Forbidden | BadRequest):
        return PlatformError(error_messages.refused("Telegram", sentence), permanent=True)
    if isinstance(error, NetworkError):
        return PlatformError(_trouble(error, sentence), ambiguous=_may_have_arrived(error))
    return PlatformError(error_messages.not_understood("Telegram", sentence), ambiguous=True)


def _seconds(error: RetryAfter) -> float:
    asked = error.retry_after
    return float(asked if isinstance(asked, int) else asked.total_seconds())


def _trouble(error: NetworkError, sentence: str) -> str:
    if error.__cause__ is None:
        return error_messages.trouble("Telegram", sentence)
    reason = why(error.__cause__)
    return error_messages.unreachable("Telegram", sentence if reason == type(error.__cause__).__name__ else reason)


def _may_have_arrived(error: NetworkError) -> bool:
    """An error answer is an answer; a connection that was never made carried nothing."""
    cause = error.__cause__
    if isinstance(error, TimedOut) or isinstance(cause, httpx.HTTPError):
        return not isinstance(cause, UNSENT)
    return False
