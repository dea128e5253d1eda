from django.utils.translation import gettext_lazy as _

from apps.platforms.spec import ACK_REACTION, API_BASE, PAIRING, PROGRESS, STREAM, Field, PlatformSpec

SPEC = PlatformSpec(
    label="Telegram",
    adapter="apps.platforms.adapters.telegram.adapter.TelegramAdapter",
    check="apps.platforms.adapters.telegram.check.check",
    webhook="apps.platforms.adapters.telegram.webhook.read",
    reactions=True,
    quiet_loggers=("telegram",),  # its INFO lines carry the token
    credentials=(Field("token", _("The token that @BotFather gave you."), _("Bot token"), required=True),),
    options=(
        API_BASE,
        Field(
            "mode",
            _("Polling needs no public address; for a webhook Telegram must reach this service by HTTPS."),
            _("Mode"),
            choices=("polling", "webhook"),
        ),
        ACK_REACTION,
        STREAM,
        PROGRESS,
        *PAIRING,
    ),
)
