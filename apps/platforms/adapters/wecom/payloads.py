"""Translates what an app of WeCom is told. Pure: no network, no database. Apps have direct chats only."""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat
from apps.platforms.adapters.wecom.content import attachments, content
from apps.platforms.adapters.wecom.xml import fields
from apps.platforms.base import Batch, PayloadError


def envelope(body: bytes) -> str:
    """What is still encrypted; raises PayloadError."""
    return _needed(fields(body), "Encrypt")


def events(plain: bytes, *, corp_id: str, agent_id: str) -> list[Batch]:
    """Nothing for what is no message of somebody (somebody opened the app); raises PayloadError."""
    given = fields(plain)
    if given.get("ToUserName") != corp_id or given.get("AgentID", agent_id) != agent_id:
        raise PayloadError(_("It is for another company, or for another app."))
    if given.get("MsgType") == "event":
        return []
    return [Batch([_inbound(given)])]


def _inbound(given: Mapping[str, str]) -> InboundMessage:
    kind, text = content(given)
    user = _needed(given, "FromUserName")
    return InboundMessage(
        external_id=_needed(given, "MsgId"),
        chat_id=user,
        chat_kind=Chat.Kind.DIRECT,
        chat_title=user,
        sender_id=user,
        text=text,
        kind=kind,
        attachments=attachments(given, kind),
        sent_at=_time(given.get("CreateTime", "")),
    )


def _time(seconds: str) -> datetime:
    now = datetime.now(UTC)
    try:
        return min(datetime.fromtimestamp(int(seconds), UTC), now)
    except (ValueError, OverflowError, OSError):
        return now


def _needed(given: Mapping[str, str], name: str) -> str:
    found = given.get(name, "").strip()
    if not found:
        raise PayloadError(_("It has no %s.") % name)
    return found
