"""Checks whether a channel's credentials work, without the SDK: the web process loads this."""

from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms.adapters.wecom.api import Client
from apps.platforms.adapters.wecom.codec import codec_of, is_bot
from apps.platforms.webhooks import webhook_url


async def check(channel: Channel) -> str:
    """Who we are there; raises CredentialError or PlatformError."""
    codec_of(channel)
    if is_bot(channel):
        return _(
            "The EncodingAESKey has the right form. Of an AI bot nothing more can be asked: WeCom itself tests the"
            " token when %s is saved there."
        ) % webhook_url(channel)
    agent_id = channel.credential("agent_id")
    async with Client(channel) as client:
        app = await client.get("agent/get", agentid=agent_id)
    said = _("The secret works: the app is “%(name)s” (%(id)s). WeCom must call %(address)s.")
    return said % {"name": app.get("name"), "id": agent_id, "address": webhook_url(channel)}
