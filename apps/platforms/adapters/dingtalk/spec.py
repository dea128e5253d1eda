from django.utils.translation import gettext_lazy as _

from apps.platforms.spec import API_BASE, PAIRING, PROGRESS, STREAM, WS_BASE, Field, PlatformSpec

SPEC = PlatformSpec(
    label=_("DingTalk"),
    adapter="apps.platforms.adapters.dingtalk.cards.CardAdapter",
    check="apps.platforms.adapters.dingtalk.check.check",
    credentials=(
        Field(
            "client_id",
            _("The app's Client ID (AppKey): open-dev.dingtalk.com, the app, Credentials."),
            _("Client ID"),
            required=True,
            secret=False,
        ),
        Field("client_secret", _("The Client Secret (AppSecret) beside it."), _("Client secret"), required=True),
        Field(
            "robot_code",
            _("The robot's code: the app, Robot. Empty: the Client ID, which it usually is."),
            _("Robot code"),
            secret=False,
        ),
    ),
    options=(
        STREAM,
        Field(
            "card_template",
            _(
                "The id of an AI card template with a streaming field, for answers shown while they are written:"
                " open-dev.dingtalk.com, Card Platform. Empty: answers come whole."
            ),
            _("Card template"),
        ),
        Field("card_key", _("The name of the template's streaming field; empty: content."), _("Card field")),
        API_BASE,
        WS_BASE,
        PROGRESS,
        *PAIRING,
    ),
)
