"""Checks whether a channel's credentials work, without the SDK: the web process loads this."""

from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms.adapters.dingtalk.api import OpenApi


async def check(channel: Channel) -> str:
    """Raises CredentialError or PlatformError."""
    api = OpenApi(channel)
    try:
        await api.token()
    finally:
        await api.close()
    said = _("The client id and secret work; the robot is %s. See that its app has Stream mode switched on.")
    return said % api.robot_code
