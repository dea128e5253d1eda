from tests.fakes.whatsapp_api import APP_SECRET, notification, signed
from tests.platforms.hooks import call

GROUP = "Y2FwaV9ncm91cA"


def tell(channel, *values, secret=APP_SECRET):
    body = notification(*values)
    return call(channel, body, headers=signed(body, secret))
