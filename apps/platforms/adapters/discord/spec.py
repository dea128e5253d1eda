from django.utils.translation import gettext_lazy as _

from apps.platforms.spec import ACK_REACTION, API_BASE, PAIRING, PROGRESS, STREAM, WS_BASE, Field, PlatformSpec

SPEC = PlatformSpec(
    label="Discord",
    adapter="apps.platforms.adapters.discord.adapter.DiscordAdapter",
    check="apps.platforms.adapters.discord.check.check",
    command_prefixes="/!",  # a bare /word is the platform's own
    reactions=True,
    credentials=(
        Field(
            "token",
            _("Developer portal (discord.com/developers) › your application › Bot › Reset token."),
            _("Bot token"),
            required=True,
        ),
    ),
    options=(
        Field(
            "message_content",
            _(
                "Yes: the bot reads everything in the channels it sees; the Message Content Intent must be switched on "
                "in the developer portal. No: only direct messages and what mentions it."
            ),
            _("Read everything"),
            choices=("yes", "no"),
        ),
        ACK_REACTION,
        STREAM,
        API_BASE,
        WS_BASE,
        PROGRESS,
        *PAIRING,
    ),
)
