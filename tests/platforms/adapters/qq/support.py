from typing import Any

import pytest

from apps.chats.models import Channel, Message
from apps.platforms.adapters.qq import payloads
from apps.platforms.adapters.qq.payloads import Me
from tests.fakes.qq_onebot import SELF_ID, TOKEN
from tests.platforms.support import status
from tests.waiting import until

database = pytest.mark.django_db(transaction=True)
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500
ME = Me(str(SELF_ID), "Bot")


def channel(url: str, mode: str = "forward", token: str = TOKEN, **options: Any) -> Channel:
    credentials = {"mode": mode, "ws_url": url, "access_token": token}
    return Channel.objects.create(platform="qq", name="bot", credentials=credentials, options=options)


def online(listeners: Any) -> None:
    listeners.start()
    until(lambda: status() == "online")


def kept() -> Channel:
    return Channel.objects.get(name="bot")


def inbound() -> Any:
    return until(lambda: Message.objects.inbound().first())


def recorded(message: Any, **fields: Any) -> dict[str, Any]:
    base = {"time": 1700000000, "self_id": SELF_ID, "post_type": "message", "message_type": "group", "group_id": 777}
    sender = {"user_id": 42, "nickname": "Ann", "card": "Annie", "role": "member"}
    whole = {**base, "sub_type": "normal", "message_id": -555, "user_id": 42, "anonymous": None, "sender": sender}
    return {**whole, "message": message, "raw_message": "…", "font": 0, **fields}


def image(url: str) -> dict[str, Any]:
    return {"type": "image", "data": {"file": "a.png", "url": url}}


def read(message: Any, **fields: Any) -> Any:
    return payloads.inbound(recorded(message, **fields), ME)
