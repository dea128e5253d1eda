"""What an app of WeCom is told, in the product's words. Pure: no network, no database. Apps have direct chats only."""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Chat, Message
from apps.platforms.adapters.wecom.xml import fields
from apps.platforms.base import Batch, PayloadError

Kind = Message.Kind

THINGS = {
    "image": (Kind.IMAGE, "photo", "image.jpg"),
    "voice": (Kind.VOICE, "voice message", "voice.amr"),
    "video": (Kind.VIDEO, "video", "video.mp4"),
    "file": (Kind.FILE, "file", ""),
}


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
    kind, text = _content(given)
    user = _needed(given, "FromUserName")
    return InboundMessage(
        external_id=_needed(given, "MsgId"),
        chat_id=user,
        chat_kind=Chat.Kind.DIRECT,
        chat_title=user,
        sender_id=user,
        text=text,
        kind=kind,
        attachments=_attachments(given, kind),
        sent_at=_time(given.get("CreateTime", "")),
    )


def _content(given: Mapping[str, str]) -> tuple[Message.Kind, str]:
    kind = given.get("MsgType", "")
    if kind == "text":
        return Kind.TEXT, given.get("Content", "")
    if kind == "link":
        told = (given.get("Title"), given.get("Description"), given.get("Url"))
        return Kind.TEXT, "\n".join(word for word in told if word) or "[link]"
    if kind == "location":
        place = ", ".join(given[key] for key in ("Location_X", "Location_Y") if given.get(key))
        return Kind.OTHER, f"[location: {given.get('Label', '')} {place}]"
    if kind in THINGS:
        found, word, _ = THINGS[kind]
        return found, f"[{word}]"
    return Kind.OTHER, f"[{placeholder(kind)}]"


def _attachments(given: Mapping[str, str], kind: Message.Kind) -> tuple[InboundAttachment, ...]:
    media_id = given.get("MediaId", "")
    if given.get("MsgType") not in THINGS or not media_id:
        return ()
    name = given.get("FileName") or THINGS[given["MsgType"]][2]
    return (InboundAttachment(kind=kind, source={"media_id": media_id}, name=name),)


def placeholder(kind: str) -> str:
    return kind if kind.isidentifier() and len(kind) <= 40 else "message"


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
