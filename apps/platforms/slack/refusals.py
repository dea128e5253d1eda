"""What the error codes of Slack's Web API mean, as sentences; without the SDK, for the web process too."""

from apps.platforms.base import PlatformError

API = "https://slack.com/api"

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
    "invalid_auth": "Slack does not accept the token: it is wrong, or the app was removed from the workspace.",
    "not_authed": "Slack does not accept the token: it is empty.",
    "account_inactive": "The app was removed from the workspace; install it again and enter its new token.",
    "token_revoked": "The token was revoked; install the app again and enter its new token.",
    "token_expired": "The token has expired; switch token rotation off for the app and install it again.",
    "not_allowed_token_type": "The two tokens are mixed up: the bot's begins with xoxb-, the app's with xapp-.",
    "channel_not_found": "Slack does not know the channel, or the bot is not in it.",
    "not_in_channel": "The bot is not in the channel; invite it there.",
    "is_archived": "The channel is archived.",
    "restricted_action": "The workspace does not let the bot write there.",
    "msg_too_long": "Slack finds the message too long.",
    "message_not_found": "The message is gone.",
    "file_not_found": "The file is gone.",
}


def refusal(code: str, *, status: int = 200, retry_after: str = "", needed: str = "") -> PlatformError:
    """`code`: the answer's `error`, empty where there is none; `needed`: the scope that is missing."""
    if code in RATE_LIMITED or status == 429:
        seconds = _seconds(retry_after)
        return PlatformError(f"Slack asks us to wait {seconds:.0f} s.", retry_after=seconds)
    if status >= 500 or code in TEMPORARY:
        return PlatformError(f"Slack has trouble: {_plain(code) or status}.")
    if code == "missing_scope":
        return PlatformError(f"The app lacks the scope {_plain(needed)}; add it and install it again.", permanent=True)
    if code:
        return PlatformError(SENTENCES.get(code) or f"Slack refused it: {_plain(code)}.", permanent=True)
    if status >= 400:
        return PlatformError(f"Slack's API is not found there: it answered {status}.")
    return PlatformError("What answers there is not Slack's API.", ambiguous=True)


def _seconds(retry_after: str) -> float:
    known = retry_after.isascii() and retry_after.isdigit()
    return min(float(retry_after[:9]), MOST_WAIT) if known else WAIT


def _plain(code: str) -> str:
    """A code is a word or some; whatever else came would not be fit to be shown."""
    return "".join(each for each in code[:100] if each.isascii() and (each.isalnum() or each in "_:,-. "))
