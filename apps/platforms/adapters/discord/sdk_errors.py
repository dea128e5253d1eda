"""Turns what discord.py raises into PlatformErrors, whose sentences do not hold the token."""

import asyncio
import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord
from discord.gateway import ReconnectWebSocket
from django.utils.translation import gettext as _

from apps.platforms import error_messages
from apps.platforms.adapters.discord.errors import BAD_TOKEN, FATAL
from apps.platforms.base import PlatformError

logger = logging.getLogger(__name__)

# What comes out of the library when an answer is not what it expects.
GARBAGE = (KeyError, IndexError, TypeError, ValueError, AttributeError, zlib.error)


@contextmanager
def translated_errors(token: str) -> Iterator[None]:
    """Whatever the library raises inside becomes a PlatformError."""
    try:
        yield
    except (ReconnectWebSocket, discord.DiscordException, aiohttp.ClientError, OSError, *GARBAGE) as error:
        raise translated(error, token) from None


def translated(error: Exception, token: str) -> PlatformError:
    if isinstance(error, discord.GatewayNotFound) and isinstance(error.__cause__, discord.HTTPException):
        return _refused(error.__cause__, token)
    if isinstance(error, discord.LoginFailure):
        return PlatformError(_(BAD_TOKEN), permanent=True)
    if isinstance(error, discord.ConnectionClosed):
        if sentence := FATAL.get(error.code):
            return PlatformError(_(sentence), permanent=True)
        return PlatformError(_("Discord closed the connection (%s).") % error.code)
    if isinstance(error, discord.RateLimited):
        return PlatformError(error_messages.asks_to_wait("Discord", error.retry_after), retry_after=error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _refused(error, token)
    if isinstance(error, ReconnectWebSocket):
        return PlatformError(_("The connection was closed; Discord wants us to connect again."))
    if isinstance(error, asyncio.TimeoutError):
        return PlatformError(_("Discord did not answer in time."), ambiguous=True)
    if isinstance(error, aiohttp.ClientError | OSError):
        unsent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.WSServerHandshakeError)
        return PlatformError(error_messages.unreachable("Discord", type(error).__name__), ambiguous=not unsent)
    logger.warning("discord.py could not read an answer", exc_info=error)
    return PlatformError(error_messages.not_understood("Discord", type(error).__name__), ambiguous=True)


def _refused(error: discord.HTTPException, token: str) -> PlatformError:
    sentence = error.text.replace(token, "***")[:300] or f"status {error.status}"
    if error.status == 401:
        return PlatformError(_(BAD_TOKEN), permanent=True)
    if error.status == 429:
        seconds = _seconds(error)
        return PlatformError(error_messages.asks_to_wait("Discord", seconds), retry_after=seconds)
    if error.status >= 500:
        return PlatformError(error_messages.trouble_of_status("Discord", f"status {error.status}"))
    return PlatformError(error_messages.refused("Discord", sentence), permanent=True)


def _seconds(error: discord.HTTPException) -> float:
    """Behind a ban of the whole address there may be no number; then a minute."""
    try:
        return min(max(float(error.response.headers["Retry-After"]), 0), 3600)
    except (KeyError, ValueError):
        return 60
