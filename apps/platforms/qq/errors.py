"""What OneBot's answers and broken connections mean to us, as sentences without the token."""

from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from apps.platforms.base import PlatformError

UNAUTHORIZED = (1401, 1403)  # "OneBot v11, communication"; some answer so before they close, instead of a status
REFUSED_TOKEN = "The OneBot implementation does not accept the access token."  # noqa: S105 - a sentence
MOST_WORDS = 200  # characters of somebody else's sentence


class ActionRefusedError(PlatformError):
    """The implementation answered, and said no."""


def refused(action: str, answer: dict[str, Any]) -> PlatformError:
    if answer.get("retcode") in UNAUTHORIZED:
        return PlatformError(REFUSED_TOKEN, permanent=True)
    words = str(answer.get("wording") or answer.get("message") or "no reason given")[:MOST_WORDS]
    sentence = f"QQ refused {action}: {words} ({answer.get('retcode')})."
    # An implementation that waited for QQ in vain does not know either whether it arrived.
    in_vain = "timeout" in words.lower() or "超时" in words
    return ActionRefusedError(sentence, permanent=not in_vain, ambiguous=in_vain)


def unreachable(error: Exception) -> PlatformError:
    """Of a connection that could not be made."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status in (401, 403):
            return PlatformError(REFUSED_TOKEN, permanent=True)
        return PlatformError(f"The OneBot implementation answered {status} instead of a websocket.")
    if isinstance(error, InvalidURI):
        return PlatformError("The websocket address is not one: it should be ws://host:port/.", permanent=True)
    if isinstance(error, InvalidHandshake):
        return PlatformError("What answers there is no websocket.")
    return PlatformError(f"The OneBot implementation cannot be reached: {type(error).__name__}.")


def ended(error: ConnectionClosed) -> PlatformError:
    """1006: without a word, or because our pings were not answered."""
    code = error.rcvd.code if error.rcvd else 1006
    return PlatformError(f"The connection to the OneBot implementation ended ({code}).")
