"""Says in sentences without secrets what Feishu's error codes mean; loads no SDK."""

import re
from collections.abc import Mapping

import httpx
from django.utils.translation import gettext as _

from apps.platforms import error_messages
from apps.platforms.base import PlatformError

# "Server Error Codes" and the tables below "Send message" and "Reply message" in Feishu's documentation.
TOKEN_REFUSED = {99991661, 99991663, 99991664, 99991668, 99991671}
WRONG_APP = {10003, 10012, 10014, 10015, 99991543}
RATE_LIMITED = {99991400, 230020, 11232, 11233, 2200}
TEMPORARY = {1, 10000, 230049, 99991401, 1000040343, 1000040350}
NO_PERMISSION = {99991672, 99991679, 230027}
GONE = {230011, 230019, 230110}  # what an answer is to hang on was taken back
NO_CONNECTION = {403, 514, 11205, 1000040344}  # forbidden, not authenticated, no bot, no credential
CARD_REFUSED = {230001, 230025, 230099, 11310}

UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
RESET = "x-ogw-ratelimit-reset"  # seconds
LONGEST_WAIT = 600.0
SENTENCE_LENGTH = 300  # the platform's own words may be a page


class RefusedError(PlatformError):
    """Feishu answered with an error; `code` is its own."""

    code = 0


def refusal(code: int, words: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> RefusedError:
    error = _refusal(code, _short(words), status, headers or {})
    error.code = code
    return error


def of_connection(error: RefusedError) -> PlatformError:
    """What nobody knows is tried again: unlike a message, a connection has all the time in the world."""
    stays = error.code in WRONG_APP | NO_PERMISSION | NO_CONNECTION
    return PlatformError(str(error), permanent=stays, retry_after=error.retry_after)


def unreachable(error: httpx.HTTPError) -> PlatformError:
    """Its own words may hold an address; a connection that was never made carried nothing."""
    return PlatformError(
        error_messages.unreachable("Feishu", type(error).__name__), ambiguous=not isinstance(error, UNSENT)
    )


def _refusal(code: int, words: str, status: int, headers: Mapping[str, str]) -> RefusedError:
    told = f"{words} ({code})"
    if code in RATE_LIMITED or status == httpx.codes.TOO_MANY_REQUESTS:
        seconds = _seconds(headers.get(RESET, ""))
        return RefusedError(error_messages.asks_to_wait("Feishu", seconds) + f" ({code})", retry_after=seconds)
    if code in WRONG_APP:
        return RefusedError(_("Feishu does not accept the app ID or its secret: %s") % told, permanent=True)
    if code in TOKEN_REFUSED:
        return RefusedError(_("Feishu does not accept the token that it lent us: %s") % told)
    if code in TEMPORARY or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return RefusedError(error_messages.trouble("Feishu", told))
    if code in NO_PERMISSION:
        return RefusedError(_("The app lacks a permission in Feishu: %s") % told, permanent=True)
    return RefusedError(error_messages.refused("Feishu", told), permanent=True)


def _seconds(given: str) -> float:
    """At least one; the header may be missing, or nonsense."""
    return min(max(float(given), 1.0), LONGEST_WAIT) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", given) else 1.0


def _short(words: str) -> str:
    plain = " ".join(words.split())
    return plain if len(plain) <= SENTENCE_LENGTH else f"{plain[:SENTENCE_LENGTH]}…"
