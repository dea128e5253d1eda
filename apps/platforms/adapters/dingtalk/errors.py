"""Says in sentences without secrets what DingTalk's answers mean; loads no SDK."""

from typing import Any

import httpx
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.platforms import error_messages
from apps.platforms.base import PlatformError

UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
WRONG_SECRET = gettext_noop(
    "DingTalk does not accept the client id and secret: they are wrong, or the app was disabled."
)
HURRIED = ("qpslimit", "flowcontrol", "toomanyrequests", "throttling")  # in the codes of refusals
SESSION_HURRIED = (130101, 410100)  # "the robot sends too fast"
WAIT = 10.0  # seconds, where DingTalk asks to wait and does not say how long
SESSION_WAIT = 60.0  # it counts by the minute
MOST_WORDS = 200


def unreachable(error: httpx.HTTPError) -> PlatformError:
    sentence = error_messages.unreachable("DingTalk", type(error).__name__)
    return PlatformError(sentence, ambiguous=not isinstance(error, UNSENT))


def refused(response: httpx.Response, answer: dict[str, Any]) -> PlatformError:
    """An answer of the OpenAPI that is no success."""
    code, words = str(answer.get("code", ""))[:MOST_WORDS], str(answer.get("message", ""))[:MOST_WORDS]
    status = response.status_code
    if status == 429 or any(sign in code.lower() for sign in HURRIED):
        seconds = _seconds(response.headers.get("retry-after", ""))
        return PlatformError(error_messages.asks_to_wait("DingTalk", seconds), retry_after=seconds)
    if status >= 500:
        return PlatformError(error_messages.trouble_of_status("DingTalk", f"{status} {code}"))
    no_reason = _("no reason given")
    reason = f"{words or no_reason} ({status} {code})."
    return PlatformError(error_messages.refused("DingTalk", reason), permanent=True)


def _seconds(told: str) -> float:
    return float(told) if told.isdecimal() and len(told) < 6 else WAIT
