"""Do a channel's credentials work? Asked without the library: the web process loads this."""

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.chats.network_errors import why
from apps.platforms import error_messages
from apps.platforms.adapters.whatsapp.api import base_of
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
        raise PlatformError(_refusal(code), permanent=True)
    said = _(
        "The token works: the number is %(number)s (%(name)s). WhatsApp must call %(address)s, for the field"
        " “messages”."
    )
    number, name = answer.get("display_phone_number"), answer.get("verified_name")
    return said % {"number": number, "name": name, "address": webhook_url(channel)}


def _refusal(code: object) -> str:
    if code == 190:  # "Access token has expired" (Graph API, "Handling errors")
        return _("WhatsApp does not accept the access token: it is wrong, expired or revoked.")
    if code == 100:  # "Invalid parameter"
        return _("WhatsApp knows no number with this ID, or the token may not use it.")
    return _("WhatsApp refuses it (code %s).") % code
