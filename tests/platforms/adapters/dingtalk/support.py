import time
from typing import Any

import pytest

from apps.chats.models import Channel, Chat, Message
from apps.platforms.adapters.dingtalk import payloads
from tests.fakes.dingtalk_api import CLIENT_ID, SECRET, DingTalkApi, message
from tests.platforms.support import status
from tests.waiting import until

database = pytest.mark.django_db(transaction=True)
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500
GROUP_SEND, DIRECT_SEND = "/v1.0/robot/groupMessages/send", "/v1.0/robot/oToMessages/batchSend"
OPEN, ACCESS = "/v1.0/gateway/connections/open", "/v1.0/oauth2/accessToken"


def channel(ding: DingTalkApi, **credentials: Any) -> Channel:
    known = {"client_id": CLIENT_ID, "client_secret": SECRET, **credentials}
    options = {"api_base": ding.url}
    return Channel.objects.create(platform="dingtalk", name="bot", credentials=known, options=options)


def session(ding: DingTalkApi, minutes: float = 60.0) -> dict[str, str]:
    ends = int((time.time() + minutes * 60) * 1000)
    return {"session": ding.session, "session_ends": str(ends), "user": "", "kind": "group"}


def with_context(chat: Chat, **context: Any) -> Chat:
    chat.context = context
    chat.save()
    return chat


def online(listeners: Any) -> None:
    listeners.start()
    until(lambda: status() == "online")


def inbound() -> Any:
    return until(lambda: Message.objects.inbound().first())


def kept() -> Channel:
    return Channel.objects.get(name="bot")


def read(**fields: Any) -> Any:
    return payloads.inbound({**message("m1", " hello ", "https://oapi.dingtalk.com/x"), **fields})
