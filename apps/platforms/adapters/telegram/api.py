"""Says where the Bot API is."""

from apps.chats.models import Channel

API = "https://api.telegram.org"


def base_of(channel: Channel) -> str:
    """Without a slash at its end."""
    return str(channel.option("api_base") or API).rstrip("/")
