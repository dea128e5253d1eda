"""Looks up what WeCom's messages leave out: people's names."""

from apps.platforms.adapters.wecom.api import Client
from apps.platforms.adapters.wecom.errors import UNNAMED, WeComError


async def person(client: Client, user_id: str) -> str:
    """Of people in the app's visible range ("Read member"); empty for anybody else, who stays with the user id."""
    try:
        found = await client.get("user/get", userid=user_id)
    except WeComError as error:
        if error.code in UNNAMED:
            return ""
        raise
    return str(found.get("name") or "")
