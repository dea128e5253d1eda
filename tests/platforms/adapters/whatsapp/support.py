from typing import Any

from apps.chats.models import Channel
from tests.fakes.whatsapp_api import APP_SECRET, notification, signed
from tests.platforms.hooks import call

GROUP = "Y2FwaV9ncm91cA"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500


def tell(channel: Channel, *values: Any, secret: str = APP_SECRET) -> Any:
    body = notification(*values)
    return call(channel, body, headers=signed(body, secret))
