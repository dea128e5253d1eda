from django.utils.translation import gettext_lazy as _

from apps.platforms.spec import ACK_REACTION, API_BASE, PAIRING, PROGRESS, Field, PlatformSpec

SPEC = PlatformSpec(
    label="WhatsApp",
    adapter="apps.platforms.adapters.whatsapp.adapter.WhatsAppAdapter",
    check="apps.platforms.adapters.whatsapp.check.check",
    webhook="apps.platforms.adapters.whatsapp.webhook.read",
    reactions=True,
    credentials=(
        Field(
            "phone_id",
            _("The phone number's ID (not the number): App Dashboard, WhatsApp, API Setup."),
            _("Phone number ID"),
            required=True,
            secret=False,
        ),
        Field(
            "access_token",
            _("A permanent token of a system user with whatsapp_business_messaging: Business Settings, System users."),
            _("Access token"),
            required=True,
        ),
        Field(
            "app_secret",
            _("App Dashboard, App settings, Basic, App secret: it proves that a webhook comes from WhatsApp."),
            _("App secret"),
            required=True,
        ),
        Field(
            "verify_token",
            _("Any word of your own; enter the same where you enter the webhook's address."),
            _("Verify token"),
            required=True,
        ),
    ),
    options=(
        API_BASE,
        ACK_REACTION,
        Field(
            "template",
            _("An approved template with one variable {{1}}, used when nobody wrote for 24 hours; empty: none."),
            _("Template"),
        ),
        Field(
            "template_language",
            _("The language of the template, such as en_US (the default)."),
            _("Template's language"),
        ),
        PROGRESS,
        *PAIRING,
    ),
)
