"""Do a channel's credentials work?"""

from apps.chats.models import Channel
from apps.platforms.webhooks import webhook_url
from apps.platforms.wecom.client import Client
from apps.platforms.wecom.codec import codec_of, is_bot


async def check(channel: Channel) -> str:
    """Who we are there; raises CredentialError or PlatformError."""
    codec_of(channel)
    if is_bot(channel):
        return (
            "The EncodingAESKey has the right form. Of an AI bot nothing more can be asked: "
            f"WeCom itself tests the token when {webhook_url(channel)} is saved there."
        )
    agent_id = channel.credential("agent_id")
    async with Client(channel) as client:
        app = await client.get("agent/get", agentid=agent_id)
    return f"The secret works: the app is “{app.get('name')}” ({agent_id}). WeCom must call {webhook_url(channel)}."
