"""Says what WeCom's errors mean: they hide in answers with the status 200 ("Global error codes")."""

from typing import Any

import httpx
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.platforms import error_messages
from apps.platforms.base import PlatformError

UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)

BUSY = -1
STALE_TOKEN = (40001, 40014, 42001)  # of a request that carries a token; where it is fetched 40001 is a wrong secret
WRONG_CREDENTIALS = (40001, 40013, 40056, 40091, 41002, 41004)
NOT_ALLOWED_HERE = 60020  # our address is none of the app's trusted ones
LIMITS = {45009: 60.0, 45033: 5.0, 45011: 60.0}  # seconds to wait: too often, too many at once
UNNAMED = (60111, 46004, 60011, 48002)  # nobody of that id, not in our range, or no permission to read members
UNREADABLE_MARKUP = (40008, 40058)
USED = gettext_noop("WeCom takes one answer to each message, within an hour; this one was given, or it is too late")


class WeComError(PlatformError):
    """With WeCom's own number."""

    def __init__(self, code: int, sentence: str, **meaning: Any) -> None:
        super().__init__(sentence, **meaning)
        self.code = code


def refusal(code: int, told: str) -> WeComError:
    """`told` is WeCom's errmsg; it names no secrets, but it is long."""
    told = told.split(", hint:")[0].split(" rid:")[0][:300]
    why = f"{told} ({code})"
    if code == BUSY:
        return WeComError(code, _("WeCom is busy."))
    if code in LIMITS:
        return WeComError(code, _("WeCom asks us to wait: %s") % why, retry_after=LIMITS[code])
    if code in WRONG_CREDENTIALS:
        return WeComError(code, _("WeCom does not accept the corp ID and the secret: %s") % why, permanent=True)
    if code == NOT_ALLOWED_HERE:
        said = _("WeCom does not let this server's address in: add it to the app's trusted IPs. %s")
        return WeComError(code, said % why)
    return WeComError(code, error_messages.refused("WeCom", why), permanent=True)


def unreachable(error: httpx.HTTPError | httpx.InvalidURL) -> PlatformError:
    """Without the address: it holds a token."""
    sentence = error_messages.unreachable("WeCom", type(error).__name__)
    return PlatformError(sentence, ambiguous=not isinstance(error, UNSENT))
