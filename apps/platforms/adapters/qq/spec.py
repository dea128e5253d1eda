from django.utils.translation import gettext_lazy as _

from apps.platforms.spec import HTTP, PAIRING, PROGRESS, WEBSOCKET, Field, PlatformSpec

SPEC = PlatformSpec(
    label="QQ",
    adapter="apps.platforms.adapters.qq.adapter.QQAdapter",
    check="apps.platforms.adapters.qq.check.check",
    credentials=(
        Field(
            "mode",
            _("forward: we connect to the OneBot implementation; reverse: it connects to us."),
            _("Mode"),
            required=True,
            secret=False,
            choices=("forward", "reverse"),
        ),
        Field(
            "ws_url",
            _("forward: the implementation's address, ws://host:3001/. reverse: where we listen, ws://0.0.0.0:8095/."),
            _("Websocket address"),
            required=True,
            secret=False,
            schemes=WEBSOCKET,
        ),
        Field(
            "access_token",
            _("The access token set in the OneBot implementation (NapCat, Lagrange, …); there is no way without one."),
            _("Access token"),
            required=True,
        ),
    ),
    options=(
        Field(
            "api_base",
            _("Where the implementation hands out files, if that is in your own network: http://host:port."),
            _("API base"),
            schemes=HTTP,
        ),
        PROGRESS,
        *PAIRING,
    ),
)
