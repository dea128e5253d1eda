"""Says in sentences what Discord's refusals mean; loads no SDK, so the web process may use it too."""

from django.utils.translation import gettext_noop

BAD_TOKEN = gettext_noop("Discord does not accept the bot's token: it is wrong or was reset.")
NO_INTENT = gettext_noop(
    "The Message Content Intent is switched off for this bot. Switch it on in the developer portal (Bot › Privileged "
    "Gateway Intents), or set the option message_content to no."
)
# "Gateway close event codes" after which it helps nothing to come again.
FATAL = {
    4004: BAD_TOKEN,
    4010: gettext_noop("Discord refused the connection: invalid shard."),
    4011: gettext_noop("The bot is in so many servers that Discord wants several connections, which is not supported."),
    4012: gettext_noop("Discord no longer speaks this version of its gateway."),
    4013: gettext_noop("Discord refused the connection: invalid intents."),
    4014: NO_INTENT,
}
