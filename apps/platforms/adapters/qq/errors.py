"""Says in sentences without the token what OneBot's answers and broken connections mean."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from apps.platforms.base import PlatformError

UNAUTHORIZED = (1401, 1403)  # "OneBot v11, communication"; some answer so before they close, instead of a status
REFUSED_TOKEN = gettext_noop("The OneBot implementation does not accept the access token.")
MOST_WORDS = 200  # characters of somebody else's sentence


class ActionRefusedError(PlatformError):
    """The implementation answered, and said no."""


def refused(action: str, answer: dict[str, Any]) -> PlatformError:
    if answer.get("retcode") in UNAUTHORIZED:
        return PlatformError(_(REFUSED_TOKEN), permanent=True)
    words = str(answer.get("wording") or answer.get("message") or _("no reason given"))[:MOST_WORDS]
    said = _("QQ refused %(action)s: %(words)s (%(code)s).")
    sentence = said % {"action": action, "words": words, "code": answer.get("retcode")}
    # An implementation that waited for QQ in vain does not know either whether it arrived.
    in_vain = "timeout" in words.lower() or "超时" in words
    return ActionRefusedError(sentence, permanent=not in_vain, ambiguous=in_vain)


def unreachable(error: Exception) -> PlatformError:
    """Of a connection that could not be made."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status in (401, 403):
            return PlatformError(_(REFUSED_TOKEN), permanent=True)
        return PlatformError(_("The OneBot implementation answered %s instead of a websocket.") % status)
    if isinstance(error, InvalidURI):
        return PlatformError(_("The websocket address is not one: it should be ws://host:port/."), permanent=True)
    if isinstance(error, InvalidHandshake):
        return PlatformError(_("What answers there is no websocket."))
    return PlatformError(_("The OneBot implementation cannot be reached: %s.") % type(error).__name__)


def ended(error: ConnectionClosed) -> PlatformError:
    """1006: without a word, or because our pings were not answered."""
    code = error.rcvd.code if error.rcvd else 1006
    return PlatformError(_("The connection to the OneBot implementation ended (%s).") % code)
