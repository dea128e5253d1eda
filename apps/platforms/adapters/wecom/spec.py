from django.utils.translation import gettext_lazy as _

from apps.platforms.spec import API_BASE, PAIRING, PROGRESS, Field, PlatformSpec

SPEC = PlatformSpec(
    label=_("WeCom"),
    adapter="apps.platforms.adapters.wecom.adapter.WeComAdapter",
    check="apps.platforms.adapters.wecom.check.check",
    webhook="apps.platforms.adapters.wecom.webhook.read",
    credentials=(
        Field(
            "kind",
            _("app: an app of your own, for direct chats; aibot: an AI bot (智能机器人), for groups too."),
            _("Kind"),
            choices=("app", "aibot"),
            secret=False,
        ),
        Field("corp_id", _("Of an app: admin console, My Company, Company ID (ww…)."), _("Corp ID"), secret=False),
        Field("agent_id", _("Of an app: its AgentId, on the app's page."), _("Agent ID"), secret=False),
        Field("secret", _("Of an app: its Secret, on the app's page."), _("Secret")),
        Field("token", _("The Token where messages are received by API (接收消息)."), _("Token"), required=True),
        Field(
            "encoding_aes_key", _("The EncodingAESKey beside it: 43 characters."), _("EncodingAESKey"), required=True
        ),
    ),
    options=(
        API_BASE,
        Field(
            "markup",
            _("Of an app: whether bold and links are sent; the WeChat client shows only messages without them."),
            _("Bold and links"),
            choices=("yes", "no"),
        ),
        PROGRESS,
        *PAIRING,
    ),
)
