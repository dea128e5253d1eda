"""Turns what the SDK raises into PlatformErrors, whose sentences hold neither a token nor a ticket."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from apps.platforms import error_messages
from apps.platforms.adapters.slack.errors import refusal
from apps.platforms.base import PlatformError

UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Whatever the SDK raises inside becomes a PlatformError."""
    try:
        yield
    except SlackApiError as error:
        raise _answered(error.response) from None
    except SlackClientError as error:  # its words may hold an address with a ticket
        raise PlatformError(error_messages.refused("Slack", f"{type(error).__name__}.")) from None
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        arrived = not isinstance(error, UNSENT)
        raise PlatformError(error_messages.unreachable("Slack", type(error).__name__), ambiguous=arrived) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # The SDK takes an answer for the object that it expects.
        raise PlatformError(error_messages.not_its_api("Slack"), ambiguous=True) from error


def code_of(error: SlackApiError) -> str:
    answer = getattr(error.response, "data", None)
    code = answer.get("error") if isinstance(answer, Mapping) else ""
    return code if isinstance(code, str) else ""


def _answered(response: Any) -> PlatformError:
    """`response` is the SDK's, or (for an answer that is no JSON) aiohttp's own."""
    answer = getattr(response, "data", None)
    said = answer if isinstance(answer, Mapping) else {}
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 200
    return refusal(
        str(said.get("error") or ""),
        status=int(status),
        retry_after=str((response.headers or {}).get("Retry-After", "")),
        needed=str(said.get("needed") or ""),
    )
