from django.utils.translation import gettext_lazy as _

from apps.platforms.spec import ACK_REACTION, API_BASE, PAIRING, PROGRESS, STREAM, WS_BASE, Field, PlatformSpec

SPEC = PlatformSpec(
    label="Slack",
    adapter="apps.platforms.adapters.slack.adapter.SlackAdapter",
    check="apps.platforms.adapters.slack.check.check",
    command_prefixes="/!",  # a bare /word is the platform's own
    reactions=True,
    credentials=(
        Field(
            "bot_token",
            _("xoxb-…: api.slack.com/apps, your app, “OAuth & Permissions”, “Bot User OAuth Token”."),
            _("Bot token"),
            required=True,
        ),
        Field(
            "app_token",
            _("xapp-…: your app, “Basic Information”, “App-Level Tokens”, with the scope connections:write."),
            _("App-level token"),
            required=True,
        ),
    ),
    options=(
        API_BASE,
        WS_BASE,
        Field(
            "threads",
            _("Whether a mention in a channel opens a thread: it is answered there, and is a conversation of its own."),
            _("Open a thread for each mention"),
            choices=("no", "yes"),
        ),
        ACK_REACTION,
        STREAM,
        PROGRESS,
        *PAIRING,
    ),
)
