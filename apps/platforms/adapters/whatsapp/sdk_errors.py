"""Turns what pywa raises into PlatformErrors, whose sentences do not hold the token."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from django.utils.translation import gettext as _
from pywa.errors import (
    AccessDenied,
    AuthorizationError,
    GenericError,
    MessageFailedToReachMessagingLimit,
    ReEngagementMessage,
    ServiceUnavailable,
    SpamRateLimitHit,
    ThrottlingError,
    TooManyMessages,
    UnknownError,
    WhatsAppError,
)

from apps.platforms import error_messages
from apps.platforms.adapters.whatsapp.errors import TRANSIENT_CODES, WindowClosedError
from apps.platforms.base import PlatformError

UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
OTHER_ANSWER = (ValueError, KeyError, TypeError, IndexError, AttributeError)  # what the library makes of it

WAIT = 5.0  # seconds, where WhatsApp asks to wait and does not say how long
WAITS = {
    TooManyMessages: 6.0,  # "pair rate limit": one message in six seconds to one person
    SpamRateLimitHit: 60.0,
    MessageFailedToReachMessagingLimit: 600.0,
}


@contextmanager
def translated_errors(token: str) -> Iterator[None]:
    """Whatever the library raises inside becomes a PlatformError."""
    try:
        yield
    except WhatsAppError as error:
        raise translated(error, token) from None
    except httpx.HTTPError as error:
        raise unreachable(error) from None
    except OTHER_ANSWER as error:
        raise PlatformError(error_messages.not_understood("WhatsApp", type(error).__name__), ambiguous=True) from None


def translated(error: WhatsAppError, token: str) -> PlatformError:
    told = f"{error.message} {error.details or ''}".replace(token, "***").strip()[:500]
    status = error.status_code or 0
    if isinstance(error, ThrottlingError) or status == httpx.codes.TOO_MANY_REQUESTS:
        return PlatformError(_("WhatsApp asks us to wait: %s") % told, retry_after=_seconds(error))
    if isinstance(error, ReEngagementMessage):
        return WindowClosedError()
    if isinstance(error, AuthorizationError | AccessDenied) or status == httpx.codes.UNAUTHORIZED:
        return PlatformError(_("WhatsApp does not accept the access token: %s") % told, permanent=True)
    if isinstance(error, ServiceUnavailable | UnknownError | GenericError) or error.is_transient:
        return PlatformError(error_messages.trouble("WhatsApp", told))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or error.code in TRANSIENT_CODES:
        return PlatformError(error_messages.trouble_of_status("WhatsApp", status))
    return PlatformError(error_messages.refused("WhatsApp", f"{told} ({error.code})"), permanent=True)


def unreachable(error: httpx.HTTPError) -> PlatformError:
    """A connection that was never made carried nothing."""
    sentence = error_messages.unreachable("WhatsApp", type(error).__name__)
    return PlatformError(sentence, ambiguous=not isinstance(error, UNSENT))


def _seconds(error: WhatsAppError) -> float:
    asked = error.raw_response.headers.get("retry-after", "") if error.raw_response is not None else ""
    if asked.isascii() and asked.isdigit():
        return float(min(int(asked[:6]), 3600))
    return next((seconds for kind, seconds in WAITS.items() if isinstance(error, kind)), WAIT)
