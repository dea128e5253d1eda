from tests.fakes import stand_in, telegram_api
from tests.platforms.rigs import Hanging, Rig, hang_at, second

RIG = Rig(
    telegram_api.TelegramApi,
    {"token": telegram_api.TOKEN},
    "-1001",
    tell=lambda api, _channel, number, text: api.say(text, message_id=number, date=second(number)),
    garbage=lambda api, _channel: api.fail("getUpdates", stand_in.Garbage()),
    strange=lambda api, _channel: api.say("", message_id=90, hologram={"depth": 3}),
    hanging=Hanging(
        at_first=hang_at("getMe", "getUpdates"),
        later=hang_at("sendMessage", "getFile"),
        say_with_file=lambda api: api.say(
            document={"file_id": "f", "file_unique_id": "f", "file_size": 1, "file_name": "a.txt"}
        ),
    ),
)
