from tests.fakes import dingtalk_api
from tests.platforms.rigs import Hanging, Rig, hang_at, second

RIG = Rig(
    dingtalk_api.DingTalkApi,
    {"client_id": dingtalk_api.CLIENT_ID, "client_secret": dingtalk_api.SECRET},
    "cidgroup",
    tell=lambda api, _channel, number, text: api.say(text, msgId=f"msg{number}", createAt=second(number) * 1000),
    garbage=lambda api, _channel: [api.push_raw(raw) for raw in ("{", "[]", '{"type": "CALLBACK"}')],
    strange=lambda api, _channel: api.say(msgtype="hologram", content={"depth": 3}),
    deafen=lambda api: setattr(api, "answers_pings", False),
    hanging=Hanging(
        at_first=hang_at("/v1.0/gateway/connections/open"),
        later=hang_at("/robot/sendBySession", "/v1.0/robot/messageFiles/download"),
        say_with_file=lambda api: api.say(msgtype="picture", content={"downloadCode": "dc1"}),
    ),
)
