"""Do a channel's credentials work? Asked without the library: the web process loads this."""

import httpx

from apps.chats.models import Channel
from apps.chats.unreachable import why
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
        raise PlatformError(f"Telegram cannot be reached: {why(error)}.") from None
    except (ValueError, KeyError, TypeError):
        raise PlatformError("What answers there is not Telegram's Bot API.") from None
    if me is None:
        raise PlatformError("Telegram does not accept the bot's token: it is wrong or was revoked.", permanent=True)
    hidden = "" if me.get("can_read_all_group_messages") else " In groups it sees only what mentions or answers it."
    return f"The token works: the bot is @{me.get('username')}.{hidden}"
