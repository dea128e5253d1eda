"""Checks whether a channel's credentials work, without the SDK: the web process loads this."""

from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms.adapters.feishu.api import OpenApi


async def check(channel: Channel) -> str:
    """Who the bot is; raises CredentialError or PlatformError."""
    async with OpenApi(channel) as api:
        bot = await api.bot()
        if (channel.credentials.get("mode") or "long") == "long":
            await api.endpoint()
            return _("The credentials work: the bot is %s, and it may have a long connection.") % bot["name"]
    for key in ("encrypt_key", "verification_token"):
        channel.credential(key)
    said = _("The credentials work: the bot is %s. Whether the encrypt key is right, the first event shows.")
    return said % bot["name"]
