"""Checks whether a channel's credentials work, without the SDK: the web process loads this."""

from typing import Any

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.chats.network_errors import why
from apps.platforms import error_messages
from apps.platforms.adapters.discord.errors import BAD_TOKEN
from apps.platforms.base import PlatformError

API = "https://discord.com"
CONTENT = 1 << 18 | 1 << 19  # "Application flags": GATEWAY_MESSAGE_CONTENT, and the same for bots in few servers


async def check(channel: Channel) -> str:
    """Who the bot is; raises CredentialError or PlatformError."""
    token = channel.credential("token")
    base = str(channel.option("api_base") or API).rstrip("/")
    headers = {"Authorization": f"Bot {token.strip()}"}
    try:
        async with httpx.AsyncClient(base_url=f"{base}/api/v10", headers=headers, timeout=10) as client:
            me = _answered(await client.get("/users/@me"))
            application = _answered(await client.get("/applications/@me"))
            name, flags = str(me["username"]), int(application.get("flags", 0))
    except httpx.HTTPError as error:
        raise PlatformError(error_messages.unreachable("Discord", why(error))) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PlatformError(error_messages.not_its_api("Discord")) from None
    if channel.option("message_content") != "no" and not flags & CONTENT:
        raise PlatformError(
            _(
                "The token works (the bot is %s), but its Message Content Intent is switched off: switch it on in the "
                "developer portal (Bot › Privileged Gateway Intents), or set the option message_content to no."
            )
            % name,
            permanent=True,
        )
    return _("The token works: the bot is %s.") % name


def _answered(response: httpx.Response) -> dict[str, Any]:
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise PlatformError(_(BAD_TOKEN), permanent=True)
    answer: dict[str, Any] = response.raise_for_status().json()
    return answer
