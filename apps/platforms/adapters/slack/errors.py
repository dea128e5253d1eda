"""Says in sentences what the Web API's error codes mean; loads no SDK, so the web process may use it too."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.platforms import error_messages
from apps.platforms.base import PlatformError

TEMPORARY = frozenset(
    (
        *("fatal_error", "internal_error", "request_timeout", "service_unavailable"),
        *("team_added_to_org", "accesslimited", "file_upload_failed"),
    )
)
RATE_LIMITED = frozenset(("ratelimited", "rate_limited", "message_limit_exceeded"))
WAIT = 30.0  # seconds, where Slack does not say for how long
MOST_WAIT = 3600.0  # whatever a server says

SENTENCES = {
    "invalid_auth": gettext_noop(
        "Slack does not accept the token: it is wrong, or the app was removed from the workspace."
    ),
    "not_authed": gettext_noop("Slack does not accept the token: it is empty."),
    "account_inactive": gettext_noop(
        "The app was removed from the workspace; install it again and enter its new token."
    ),
    "token_revoked": gettext_noop("The token was revoked; install the app again and enter its new token."),
    "token_expired": gettext_noop("The token has expired; switch token rotation off for the app and install it again."),
    "not_allowed_token_type": gettext_noop(
        "The two tokens are mixed up: the bot's begins with xoxb-, the app's with xapp-."
    ),
    "channel_not_found": gettext_noop("Slack does not know the channel, or the bot is not in it."),
    "not_in_channel": gettext_noop("The bot is not in the channel; invite it there."),
    "is_archived": gettext_noop("The channel is archived."),
    "restricted_action": gettext_noop("The workspace does not let the bot write there."),
    "msg_too_long": gettext_noop("Slack finds the message too long."),
    "message_not_found": gettext_noop("The message is gone."),
    "file_not_found": gettext_noop("The file is gone."),
}


def refusal(code: str, *, status: int = 200, retry_after: str = "", needed: str = "") -> PlatformError:
    """`code`: the answer's `error`, empty where there is none; `needed`: the scope that is missing."""
    if code in RATE_LIMITED or status == 429:
        seconds = _seconds(retry_after)
        return PlatformError(error_messages.asks_to_wait("Slack", seconds), retry_after=seconds)
    if status >= 500 or code in TEMPORARY:
        return PlatformError(error_messages.trouble("Slack", f"{_plain(code) or status}."))
    if code == "missing_scope":
        said = _("The app lacks the scope %s; add it and install it again.")
        return PlatformError(said % _plain(needed), permanent=True)
    if code:
        known = SENTENCES.get(code)
        return PlatformError(_(known) if known else error_messages.refused("Slack", f"{_plain(code)}."), permanent=True)
    if status >= 400:
        return PlatformError(_("Slack's API is not found there: it answered %s.") % status)
    return PlatformError(error_messages.not_its_api("Slack"), ambiguous=True)


def _seconds(retry_after: str) -> float:
    known = retry_after.isascii() and retry_after.isdigit()
    return min(float(retry_after[:9]), MOST_WAIT) if known else WAIT


def _plain(code: str) -> str:
    """A code is a word or some; whatever else came would not be fit to be shown."""
    return "".join(each for each in code[:100] if each.isascii() and (each.isalnum() or each in "_:,-. "))
