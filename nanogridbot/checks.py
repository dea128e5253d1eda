"""Half-configured things, said with a hint before anything starts."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Advice
from django.core.exceptions import ImproperlyConfigured

from nanogridbot import env


@register(Tags.security)
def safe_to_listen(**_: Any) -> list[CheckMessage]:
    """Other machines may reach us only without DEBUG and with a real secret."""
    try:
        problem = env.unsafe_bind(settings.BIND, debug=settings.DEBUG, secret=settings.SECRET_KEY)
    except ImproperlyConfigured as error:
        return [Error(str(error), id="nanogridbot.E001")]
    if problem:
        return [
            Error(problem, hint="NGB_BIND=127.0.0.1:8000 is reached from this machine only.", id="nanogridbot.E002")
        ]
    return []


@register(Tags.security)
def address_for_people(**_: Any) -> list[CheckMessage]:
    """Pages behind an address that listens everywhere need a name that a browser can use."""
    if not settings.BIND.startswith(("0.0.0.0:", "[::]:")) or not settings.BASE_URL.endswith(f"//{settings.BIND}"):
        return []
    hint = "Set NGB_BASE_URL to the address that people open, such as https://bot.example.org."
    return [Advice(f"NGB_BIND={settings.BIND} listens on every address.", hint=hint, id="nanogridbot.W001")]


@register(Tags.security)
def proxy_is_believed(**_: Any) -> list[CheckMessage]:
    """We speak HTTP: HTTPS is a proxy's, and without its word every request looks as if it came without."""
    believed = settings.SECURE_PROXY_SSL_HEADER is not None
    if believed or not settings.HTTPS:
        return []
    hint = "Have the proxy set X-Forwarded-Proto and X-Forwarded-For, and set NGB_TRUST_PROXY=yes."
    text = "NGB_BASE_URL begins with https:// and NGB_TRUST_PROXY is off: every page leads to itself, without end."
    return [Advice(text, hint=hint, id="nanogridbot.W003")]


@register(Tags.files)
def directories_are_ours(**_: Any) -> list[CheckMessage]:
    """The data directory is written all the time."""
    if os.access(settings.DATA_DIR, os.W_OK | os.X_OK):
        return []
    hint = "Set NGB_DATA_DIR to a folder of your own, or give this user the right to write."
    return [Error(f"The data directory {settings.DATA_DIR} cannot be written.", hint=hint, id="nanogridbot.E003")]


@register(Tags.compatibility)
def one_key_is_enough(**_: Any) -> list[CheckMessage]:
    if not (settings.ANTHROPIC_API_KEY and settings.CLAUDE_CODE_OAUTH_TOKEN):
        return []
    hint = "Remove one of them."
    text = "ANTHROPIC_API_KEY and CLAUDE_CODE_OAUTH_TOKEN are both set: the API key is used, and paid for."
    return [Advice(text, hint=hint, id="nanogridbot.W002")]
