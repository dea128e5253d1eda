"""Says in sentences what Telegram's refusals mean; loads no SDK, so the web process may use it too."""

from django.utils.translation import gettext_noop

BAD_TOKEN = gettext_noop("Telegram does not accept the bot's token: it is wrong or was revoked.")
