"""What Telegram's refusals mean, as sentences; without the SDK, for the web process too."""

from django.utils.translation import gettext_noop

BAD_TOKEN = gettext_noop("Telegram does not accept the bot's token: it is wrong or was revoked.")
