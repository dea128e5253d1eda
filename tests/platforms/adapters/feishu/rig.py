import json

from tests.fakes import feishu_api
from tests.platforms.rigs import Hanging, Rig, hang_at, second

RIG = Rig(
    feishu_api.FeishuApi,
    {"app_id": feishu_api.APP_ID, "app_secret": feishu_api.SECRET},
    "oc_team",
    tell=lambda api, _channel, number, text: api.say(
        text, message_id=f"om_{number}", create_time=str(second(number) * 1000)
    ),
    garbage=lambda api, _channel: [api.throw(b"\xff no frame"), api.push(b"no json")],
    strange=lambda api, _channel: api.say(message_type="hologram", content=json.dumps({"depth": 3})),
    deafen=lambda api: setattr(api, "is_deaf", True),
    hanging=Hanging(
        at_first=hang_at("token", "bot", "endpoint"),
        later=hang_at("send", "reply", "resource"),
        say_with_file=lambda api: api.say(message_type="image", content=json.dumps({"image_key": "img1"})),
    ),
)
