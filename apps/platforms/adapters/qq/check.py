"""Checks whether a channel's credentials work; reverse there is nobody to ask, so it tells what we wait for."""

import asyncio

from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms.adapters.qq.connection import Forward, wire_of
from apps.platforms.base import PlatformError


async def check(channel: Channel) -> str:
    """Who the account is; raises CredentialError or PlatformError."""
    token = channel.credential("access_token")
    wire = wire_of(str(channel.credentials.get("mode") or "forward"), channel.credential("ws_url"), token)
    if not isinstance(wire, Forward):
        return _awaited(channel)
    try:
        await wire.open()
        if wire.link is None:
            raise PlatformError(_("The connection ended at once."))
        try:
            async with asyncio.timeout(10):
                known = await wire.link.call("get_login_info")
        except TimeoutError:
            raise PlatformError(_("The OneBot implementation does not answer.")) from None
        account = f"{known.get('nickname', '')} ({known.get('user_id', '')})"
        return _("The access token works: the account is %s.") % account
    finally:
        await wire.close()


def _awaited(channel: Channel) -> str:
    if channel.status == Channel.Status.ONLINE:
        account = f"{channel.identity.get('name', '')} ({channel.identity.get('id', '')})"
        return _("The account %s is connected.") % account
    return _(
        "The settings are well-formed. Nobody is connected yet: let the OneBot implementation connect to this address."
    )
