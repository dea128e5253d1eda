"""Translates what an AI bot of WeCom is told. Pure. In groups only what mentions it comes at all."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat
from apps.platforms.adapters.wecom.aibot.content import content, mapping, quoted, text_at
from apps.platforms.base import Batch, PayloadError

Json = Mapping[str, Any]

ANSWERABLE = timedelta(minutes=59)  # "the response_url is valid for one hour"


def envelope(body: bytes) -> str:
    """What is still encrypted; raises PayloadError."""
    return _needed(_read(body), "encrypt")


def events(plain: bytes) -> list[Batch]:
    """Nothing for what is no message of somebody (somebody came in, a button, a stream); raises PayloadError."""
    given = _read(plain)
    if given.get("msgtype") in ("event", "stream"):
        return []
    return [Batch([_inbound(given)])]


def _inbound(given: Json) -> InboundMessage:
    user = _needed(mapping(given.get("from")), "userid")
    is_group = given.get("chattype") == "group"
    chat_id = _needed(given, "chatid") if is_group else user
    kind, text, things = content(given)
    return InboundMessage(
        external_id=_needed(given, "msgid"),
        chat_id=chat_id,
        chat_kind=Chat.Kind.GROUP if is_group else Chat.Kind.DIRECT,
        chat_title="" if is_group else user,
        sender_id=user,
        sender_name=user,
        text=text,
        kind=kind,
        quoted_text=quoted(given),
        mentions_bot=is_group,
        attachments=things,
        context=_context(given),
    )


def _context(given: Json) -> dict[str, str]:
    """Where the one answer to this message goes, and until when."""
    url = text_at(given, "response_url")
    until = datetime.now(UTC) + ANSWERABLE
    return {"response_url": url, "until": until.isoformat()} if url else {}


def _read(content: bytes) -> Json:
    try:
        given: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise PayloadError(_("It is no JSON.")) from None
    if not isinstance(given, dict):
        raise PayloadError(_("It is no JSON object."))
    return given


def _needed(given: Json, name: str) -> str:
    found = text_at(given, name).strip()
    if not found:
        raise PayloadError(_("It has no %s.") % name)
    return found
