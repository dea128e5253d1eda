from typing import Any

from apps.chats.models import Channel
from tests.fakes import stand_in, wecom_api
from tests.platforms.hooks import call
from tests.platforms.rigs import Rig, second


def told(channel: Channel, **message: Any) -> Any:
    body, query = wecom_api.app_callback(wecom_api.app_message(**message))
    return call(channel, body, query=query)


RIG = Rig(
    wecom_api.WeComApi,
    wecom_api.APP,
    "ann",
    tell=lambda _api, channel, number, text: told(channel, number=number, text=text, CreateTime=second(number)),
    garbage=lambda _api, channel: call(channel, "{", query="msg_signature=x&timestamp=1&nonce=2"),
    strange=lambda _api, channel: told(channel, number=90, MsgType="hologram"),
    hang=lambda api: api.keep_failing("message/send", stand_in.Hang(60)),
)
