"""Checks whether a channel's credentials work, without the SDK: the web process loads this."""

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.chats.network_errors import why
from apps.platforms import error_messages
from apps.platforms.adapters.whatsapp.api import base_of
from apps.platforms.adapters.whatsapp.errors import refusal
from apps.platforms.base import PlatformError
from apps.platforms.webhooks import webhook_url


async def check(channel: Channel) -> str:
    """Which number it is; raises CredentialError or PlatformError."""
    token = channel.credential("access_token")
    address = f"{base_of(channel)}/{channel.credential('phone_id')}"
    for needed in ("app_secret", "verify_token"):  # only a webhook would show that they are missing
        channel.credential(needed)
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            response = await client.get(
                address,
                params={"fields": "display_phone_number,verified_name"},
                headers={"Authorization": f"Bearer {token}"},
            )
            answer = response.json()
            code = answer["error"]["code"] if response.is_error else 0
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PlatformError(error_messages.unreachable("WhatsApp", why(error))) from None
    except (ValueError, KeyError, TypeError):
        raise PlatformError(_("What answers there is not the Graph API.")) from None
    if response.is_error:
        raise PlatformError(refusal(code), permanent=True)
    said = _(
        "The token works: the number is %(number)s (%(name)s). WhatsApp must call %(address)s, for the field"
        " “messages”."
    )
    number, name = answer.get("display_phone_number"), answer.get("verified_name")
    return said % {"number": number, "name": name, "address": webhook_url(channel)}
