"""Checks whether a channel's credentials work, without the SDK: the web process loads this."""

from typing import Any

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.chats.network_errors import why
from apps.platforms import error_messages
from apps.platforms.adapters.slack.api import base_of
from apps.platforms.adapters.slack.errors import refusal
from apps.platforms.base import PlatformError

NEEDED = ("chat:write", "users:read", "files:read", "files:write", "reactions:write")
HEARING = ("channels:history", "groups:history", "im:history", "mpim:history", "app_mentions:read")  # one of them


async def check(channel: Channel) -> str:
    """Who the bot is; raises CredentialError or PlatformError."""
    bot_token, app_token = channel.credential("bot_token"), channel.credential("app_token")
    base = base_of(channel)
    async with httpx.AsyncClient(timeout=10) as client:
        me, headers = await _ask(client, f"{base}/auth.test", bot_token, "bot")
        await _ask(client, f"{base}/apps.connections.open", app_token, "app-level")
    missing = _missing(headers.get("x-oauth-scopes", ""))
    said = _("The tokens work: the bot is %(bot)s in %(team)s.") % {"bot": f"@{me.get('user')}", "team": me.get("team")}
    return f"{said} {missing}".rstrip()


async def _ask(client: httpx.AsyncClient, url: str, token: str, which: str) -> tuple[dict[str, Any], httpx.Headers]:
    try:
        response = await client.post(url, headers={"Authorization": f"Bearer {token}"})
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise PlatformError(error_messages.unreachable("Slack", why(error))) from None
    try:
        answer = response.json()
    except ValueError:
        answer = {}
    if isinstance(answer, dict) and answer.get("ok") is True:
        return answer, response.headers
    said = answer if isinstance(answer, dict) else {}
    found = refusal(
        str(said.get("error") or ""),
        status=response.status_code,
        retry_after=response.headers.get("retry-after", ""),
        needed=str(said.get("needed") or ""),
    )
    words = _("The bot token: %s") if which == "bot" else _("The app-level token: %s")
    raise PlatformError(words % found, permanent=found.permanent)


def _missing(scopes: str) -> str:
    """Of what Slack says that the bot may; it does not say so everywhere."""
    given = {scope.strip() for scope in scopes.split(",")} - {""}
    if not given:
        return ""
    missing = [scope for scope in NEEDED if scope not in given]
    said = [_("It lacks the scopes %s.") % ", ".join(missing)] if missing else []
    if not given.intersection(HEARING):
        said.append(_("It may read no messages: add channels:history."))
    return " ".join(said)
