from typing import Any

from apps.chats.models import Channel
from tests.fakes import stand_in, whatsapp_api
from tests.platforms.hooks import call
from tests.platforms.rigs import Rig, second


def told(channel: Channel, **message: Any) -> Any:
    body = whatsapp_api.notification(whatsapp_api.value(whatsapp_api.message(**message)))
    return call(channel, body, headers=whatsapp_api.signed(body))


RIG = Rig(
    whatsapp_api.WhatsAppApi,
    whatsapp_api.CREDENTIALS,
    whatsapp_api.ANN,
    tell=lambda _api, channel, number, text: told(channel, number=number, text=text, timestamp=str(second(number))),
    garbage=lambda _api, channel: call(channel, "{", headers=whatsapp_api.signed("{")),
    strange=lambda _api, channel: told(channel, number=90, type="hologram", hologram={"depth": 3}),
    hang=lambda api: api.keep_failing("messages", stand_in.Hang(60)),
)
