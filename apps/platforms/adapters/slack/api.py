"""Says where the Web API is."""

from apps.chats.models import Channel

API = "https://slack.com/api"


def base_of(channel: Channel) -> str:
    """Without a slash at its end."""
    return str(channel.option("api_base") or API).rstrip("/")
