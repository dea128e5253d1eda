"""Says where the Graph API is."""

from apps.chats.models import Channel

API = "https://graph.facebook.com"
VERSION = "26.0"


def base_of(channel: Channel) -> str:
    """With the version, without a slash at its end."""
    return f"{str(channel.option('api_base') or API).rstrip('/')}/v{VERSION}"
