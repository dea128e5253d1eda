from typing import Any

from tests.fakes import slack_api
from tests.platforms.rigs import Hanging, Rig, hang_at, second


def a_file(api: slack_api.SlackApi) -> dict[str, Any]:
    url = f"{api.url.removesuffix('/api')}/files/a.txt"
    return {"id": "F1", "name": "a.txt", "mimetype": "text/plain", "size": 1, "url_private_download": url}


RIG = Rig(
    slack_api.SlackApi,
    {"bot_token": slack_api.BOT_TOKEN, "app_token": slack_api.APP_TOKEN},
    "C1",
    tell=lambda api, _channel, number, text: api.say(text, ts=f"{second(number)}.000000"),
    garbage=lambda api, _channel: [api.send_raw(raw) for raw in ("{", "[]", "no frame")],
    deafen=lambda api: setattr(api, "deaf", True),
    hanging=Hanging(
        at_first=hang_at("auth.test", "apps.connections.open"),
        later=hang_at("chat.postMessage", "file"),
        say_with_file=lambda api: api.say("<@UBOT> look", subtype="file_share", files=[a_file(api)]),
    ),
)
