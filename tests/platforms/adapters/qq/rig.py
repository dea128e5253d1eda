from tests.fakes import qq_onebot
from tests.platforms.rigs import Rig, second

RIG = Rig(
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
)
