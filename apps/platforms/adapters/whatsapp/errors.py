"""Says in sentences what the Graph API's error codes mean; loads no SDK, so the web process may use it too."""

from django.utils.translation import gettext as _

from apps.platforms.base import PlatformError

TRANSIENT_CODES = (1, 2)  # "API Unknown", "API Service" (Graph API, "Handling errors")


class WindowClosedError(PlatformError):
    """Nobody wrote for 24 hours: only a template is taken."""

    def __init__(self, more: str = "") -> None:
        """`more`: a further sentence."""
        sentence = _("Nobody wrote in this chat for 24 hours, and then WhatsApp takes only an approved template.")
        super().__init__(f"{sentence} {more}".rstrip(), permanent=True)


def refusal(code: object) -> str:
    """Of the number, when it is asked for by its ID."""
    if code == 190:  # "Access token has expired" (Graph API, "Handling errors")
        return _("WhatsApp does not accept the access token: it is wrong, expired or revoked.")
    if code == 100:  # "Invalid parameter"
        return _("WhatsApp knows no number with this ID, or the token may not use it.")
    return _("WhatsApp refuses it (code %s).") % code
