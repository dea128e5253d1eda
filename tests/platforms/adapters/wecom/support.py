from typing import Any

from apps.chats.models import Channel
from tests.fakes.wecom_api import app_callback
from tests.platforms.hooks import call

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500
URL = "https://qyapi.weixin.qq.com"


def tell(channel: Channel, message: str) -> Any:
    body, query = app_callback(message)
    return call(channel, body, query=query)
