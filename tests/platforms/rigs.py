"""All eight platforms in one form, for tests that ask the same of each: the fake, and what one can do to it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.chats.models import Channel
from tests.fakes import (
    dingtalk_api,
    discord_api,
    discord_gateway,
    feishu_api,
    qq_onebot,
    slack_api,
    stand_in,
    telegram_api,
    wecom_api,
    whatsapp_api,
)
from tests.platforms.hooks import call

BEGAN = int(time.time()) - 1000


@dataclass(frozen=True)
class Rig:
    """`tell` delivers the message of that number, which is its id and its second; `garbage` what makes no sense."""

    fake: Callable[[], Any]
    credentials: dict[str, str]
    chat: str
    tell: Callable[[Any, Channel, int, str], Any]
    garbage: Callable[[Any, Channel], Any]
    strange: Callable[[Any, Channel], Any] | None = (
        None  # a kind of message that nobody knows; None: there are no kinds
    )
    deafen: Callable[[Any], Any] | None = None  # pings are not answered any more, on the connections made afterwards
    deafen_later: bool = False  # on those that stand
    hang: Callable[[Any], Any] | None = None  # whatever is sent is taken and never answered
    address: str = "api_base"  # the option; QQ's stands in the credentials


def second(number: int) -> int:
    return BEGAN + number


def snowflake(number: int) -> str:
    return str((second(number) * 1000 - 1420070400000) << 22)


def told_by_whatsapp(channel: Channel, **message: Any) -> Any:
    body = whatsapp_api.notification(whatsapp_api.value(whatsapp_api.message(**message)))
    return call(channel, body, headers=whatsapp_api.signed(body))


def told_by_wecom(channel: Channel, **message: Any) -> Any:
    body, query = wecom_api.app_callback(wecom_api.app_message(**message))
    return call(channel, body, query=query)


RIGS = {
    "telegram": Rig(
        telegram_api.TelegramApi,
        {"token": telegram_api.TOKEN},
        "-1001",
        tell=lambda api, _channel, number, text: api.say(text, message_id=number, date=second(number)),
        garbage=lambda api, _channel: api.fail("getUpdates", stand_in.Garbage()),
        strange=lambda api, _channel: api.say("", message_id=90, hologram={"depth": 3}),
    ),
    "slack": Rig(
        slack_api.SlackApi,
        {"bot_token": slack_api.BOT_TOKEN, "app_token": slack_api.APP_TOKEN},
        "C1",
        tell=lambda api, _channel, number, text: api.say(text, ts=f"{second(number)}.000000"),
        garbage=lambda api, _channel: [api.send_raw(raw) for raw in ("{", "[]", "no frame")],
        deafen=lambda api: setattr(api, "deaf", True),
    ),
    "discord": Rig(
        discord_api.DiscordApi,
        {"token": discord_gateway.TOKEN},
        "600",
        tell=lambda api, _channel, number, text: api.say(
            text, id=snowflake(number), timestamp=datetime.fromtimestamp(second(number), UTC).isoformat()
        ),
        garbage=lambda api, _channel: api.frame("{"),
    ),
    "feishu": Rig(
        feishu_api.FeishuApi,
        {"app_id": feishu_api.APP_ID, "app_secret": feishu_api.SECRET},
        "oc_team",
        tell=lambda api, _channel, number, text: api.say(
            text, message_id=f"om_{number}", create_time=str(second(number) * 1000)
        ),
        garbage=lambda api, _channel: [api.throw(b"\xff no frame"), api.push(b"no json")],
        strange=lambda api, _channel: api.say(message_type="hologram", content=json.dumps({"depth": 3})),
        deafen=lambda api: setattr(api, "is_deaf", True),
    ),
    "dingtalk": Rig(
        dingtalk_api.DingTalkApi,
        {"client_id": dingtalk_api.CLIENT_ID, "client_secret": dingtalk_api.SECRET},
        "cidgroup",
        tell=lambda api, _channel, number, text: api.say(text, msgId=f"msg{number}", createAt=second(number) * 1000),
        garbage=lambda api, _channel: [api.push_raw(raw) for raw in ("{", "[]", '{"type": "CALLBACK"}')],
        strange=lambda api, _channel: api.say(msgtype="hologram", content={"depth": 3}),
        deafen=lambda api: setattr(api, "answers_pings", False),
    ),
    "qq": Rig(
        qq_onebot.OneBot,
        {"mode": "forward", "access_token": qq_onebot.TOKEN},
        "group_777",
        tell=lambda api, _channel, number, text: api.say(text, message_id=number, time=second(number)),
        garbage=lambda api, _channel: [api.push(raw) for raw in ("{", "[]", '{"post_type": 7}')],
        strange=lambda api, _channel: api.say([{"type": "hologram", "data": {"depth": 3}}]),
        deafen=lambda api: api.fail("get_status", *[qq_onebot.HANG] * 9),
        deafen_later=True,
        hang=lambda api: api.fail("send_group_msg", *[qq_onebot.HANG] * 9),
        address="ws_url",
    ),
    "whatsapp": Rig(
        whatsapp_api.WhatsAppApi,
        whatsapp_api.CREDENTIALS,
        whatsapp_api.ANN,
        tell=lambda _api, channel, number, text: told_by_whatsapp(
            channel, number=number, text=text, timestamp=str(second(number))
        ),
        garbage=lambda _api, channel: call(channel, "{", headers=whatsapp_api.signed("{")),
        strange=lambda _api, channel: told_by_whatsapp(channel, number=90, type="hologram", hologram={"depth": 3}),
        hang=lambda api: api.keep_failing("messages", stand_in.Hang(60)),
    ),
    "wecom": Rig(
        wecom_api.WeComApi,
        wecom_api.APP,
        "ann",
        tell=lambda _api, channel, number, text: told_by_wecom(
            channel, number=number, text=text, CreateTime=second(number)
        ),
        garbage=lambda _api, channel: call(channel, "{", query="msg_signature=x&timestamp=1&nonce=2"),
        strange=lambda _api, channel: told_by_wecom(channel, number=90, MsgType="hologram"),
        hang=lambda api: api.keep_failing("message/send", stand_in.Hang(60)),
    ),
}


def channel_on(platform: str, server: Any) -> Channel:
    """The channel `bot` there."""
    rig = RIGS[platform]
    in_credentials = rig.address == "ws_url"
    credentials = {**rig.credentials, **({rig.address: server.url} if in_credentials else {})}
    options = {} if in_credentials else {rig.address: server.url}
    return Channel.objects.create(platform=platform, name="bot", credentials=credentials, options=options)
