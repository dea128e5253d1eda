"""Do a channel's credentials work? Asked without the library: the web process loads this."""

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.chats.network_errors import why
from apps.platforms import error_messages
from apps.platforms.base import PlatformError

API = "https://api.telegram.org"


async def check(channel: Channel) -> str:
    """Who the bot is; raises CredentialError or PlatformError."""
    token = channel.credential("token")
    base = str(channel.option("api_base") or API).rstrip("/")
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = (await client.post(f"{base}/bot{token}/getMe")).json()
            me = answer["result"] if answer["ok"] else None
    except httpx.HTTPError as error:  # its own words may hold the token
        raise PlatformError(error_messages.unreachable("Telegram", why(error))) from None
    except (ValueError, KeyError, TypeError):
        raise PlatformError(error_messages.not_its_api("Telegram")) from None
    if me is None:
        raise PlatformError(_("Telegram does not accept the bot's token: it is wrong or was revoked."), permanent=True)
    said = _("The token works: the bot is %s.") % f"@{me.get('username')}"
    if me.get("can_read_all_group_messages"):
        return said
    return said + " " + _("In groups it sees only what mentions or answers it.")
