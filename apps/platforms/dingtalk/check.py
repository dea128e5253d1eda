"""Do a channel's credentials work? Asked without the SDK: the web process loads this."""

from apps.chats.models import Channel
from apps.platforms.dingtalk.api import OpenApi


async def check(channel: Channel) -> str:
    """Raises CredentialError or PlatformError."""
    api = OpenApi(channel)
    try:
        await api.token()
    finally:
        await api.close()
    return (
        f"The client id and secret work; the robot is {api.robot_code}. See that its app has Stream mode switched on."
    )
