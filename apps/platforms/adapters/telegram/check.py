"""Checks whether a channel's credentials work, without the SDK: the web process loads this."""

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.chats.network_errors import why
from apps.platforms import error_messages
from apps.platforms.adapters.telegram.api import base_of
from apps.platforms.adapters.telegram.errors import BAD_TOKEN
from apps.platforms.base import PlatformError


async def check(channel: Channel) -> str:
    """Who the bot is; raises CredentialError or PlatformError."""
    token = channel.credential("token")
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = (await client.post(f"{base_of(channel)}/bot{token}/getMe")).json()
            me = answer["result"] if answer["ok"] else None
    except httpx.HTTPError as error:  # its own words may hold the token
        raise PlatformError(error_messages.unreachable("Telegram", why(error))) from None
    except (ValueError, KeyError, TypeError):
        raise PlatformError(error_messages.not_its_api("Telegram")) from None
    if me is None:
        raise PlatformError(_(BAD_TOKEN), permanent=True)
    said = _("The token works: the bot is %s.") % f"@{me.get('username')}"
    if me.get("can_read_all_group_messages"):
        return said
    return said + " " + _("In groups it sees only what mentions or answers it.")
