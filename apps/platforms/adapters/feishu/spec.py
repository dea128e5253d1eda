from django.utils.translation import gettext_lazy as _

from apps.platforms.spec import ACK_REACTION, HTTP, PAIRING, PROGRESS, STREAM, Field, PlatformSpec

SPEC = PlatformSpec(
    label=_("Feishu"),
    adapter="apps.platforms.adapters.feishu.adapter.FeishuAdapter",
    check="apps.platforms.adapters.feishu.check.check",
    webhook="apps.platforms.adapters.feishu.webhook.read",
    reactions=True,
    credentials=(
        Field(
            "app_id",
            _("Developer console, your app, Credentials & Basic Info: “App ID” (cli_…)."),
            _("App ID"),
            required=True,
            secret=False,
        ),
        Field("app_secret", _("On the same page: “App Secret”."), _("App secret"), required=True),
        Field(
            "mode",
            _("A long connection needs no public address; for a webhook Feishu must reach this service by HTTPS."),
            _("Mode"),
            secret=False,
            choices=("long", "webhook"),
        ),
        Field(
            "encrypt_key",
            _("For the webhook only. Events & Callbacks, Encryption Strategy: “Encrypt Key”."),
            _("Encrypt key"),
        ),
        Field(
            "verification_token",
            _("For the webhook only. Events & Callbacks, Encryption Strategy: “Verification Token”."),
            _("Verification token"),
        ),
    ),
    options=(
        Field(
            "api_base",
            _("For Lark: https://open.larksuite.com, or another server that speaks the API; empty: Feishu's own."),
            _("API base"),
            schemes=HTTP,
        ),
        ACK_REACTION,
        STREAM,
        PROGRESS,
        *PAIRING,
    ),
)
