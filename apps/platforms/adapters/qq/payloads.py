"""Translates OneBot's events into the product's words. Pure: no network, no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat
from apps.platforms.adapters.qq.content import attachments, content, segments
from apps.platforms.base import PayloadError


@dataclass(frozen=True, slots=True)
class Me:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message that is answered."""

    id: str
    sender_id: str = ""
    sender_name: str = ""
    text: str = ""


def is_message(event: Mapping[str, Any]) -> bool:
    """`message_sent` is an echo of our own."""
    return event.get("post_type") == "message"


def is_offline(status: Any) -> bool:
    """Of a heartbeat's or an answer's status: the socket stands, and the account is logged out all the same."""
    return isinstance(status, Mapping) and status.get("online") is False


def group_of(event: Mapping[str, Any]) -> int:
    """0 for a direct message. Raises PayloadError."""
    return _number(event, "group_id") if event.get("message_type") == "group" else 0


def answered(event: Mapping[str, Any]) -> str:
    """The id of the message that is answered; empty for none."""
    found = [segment.data.get("id", "") for segment in segments(event.get("message")) if segment.kind == "reply"]
    return found[0] if found and _is_id(found[0]) else ""


def quoted(message_id: str, data: Mapping[str, Any], me: Me) -> Quoted:
    """What `get_msg` answered."""
    sender = data.get("sender")
    sender_id = str(sender.get("user_id") or "") if isinstance(sender, Mapping) else ""
    text, _, _ = content(segments(data.get("message")), me.id, me.name)
    return Quoted(message_id, sender_id, me.name if sender_id == me.id else _name(sender), text)


def inbound(event: Mapping[str, Any], me: Me, answer: Quoted | None = None, title: str = "") -> InboundMessage | None:
    """None for our own and for what says nothing. Raises PayloadError."""
    group, user = group_of(event), _number(event, "user_id")
    if str(user) == me.id:
        return None
    found = segments(event.get("message"))
    text, mentioned, kind = content(found, me.id, me.name)
    if not text:
        return None
    sender_id, sender_name = _sender(event, user)
    moment = _number(event, "time")
    return InboundMessage(
        # The number alone is only 32 bits, and some implementations begin anew.
        external_id=f"{_number(event, 'message_id', least=-(2**63))}.{moment}",
        chat_id=f"group_{group}" if group else f"user_{user}",
        chat_kind=Chat.Kind.GROUP if group else Chat.Kind.DIRECT,
        chat_title=title if group else sender_name,
        sender_id=sender_id,
        sender_name=sender_name,
        text=text,
        kind=kind,
        reply_to=answer.id if answer else "",
        quoted_sender=answer.sender_name if answer else "",
        quoted_text=answer.text if answer else "",
        mentions_bot=mentioned or (answer is not None and answer.sender_id == me.id),
        attachments=attachments(found, group),
        sent_at=_moment(moment),
    )


def title_of(event: Mapping[str, Any]) -> str:
    """Some implementations tell the group's name with each message."""
    name = event.get("group_name")
    return name if isinstance(name, str) else ""


def _sender(event: Mapping[str, Any], user: int) -> tuple[str, str]:
    """In a group the name is the card somebody wears there; who writes anonymously has an id for that only."""
    anonymous = event.get("anonymous")
    if isinstance(anonymous, Mapping) and anonymous.get("id"):
        return f"anonymous_{str(anonymous['id'])[:100]}", str(anonymous.get("name") or "")
    return str(user), _name(event.get("sender"))


def _name(sender: Any) -> str:
    if not isinstance(sender, Mapping):
        return ""
    return str(sender.get("card") or sender.get("nickname") or "")


def _number(event: Mapping[str, Any], key: str, *, least: int = 0) -> int:
    """Some implementations send ids as text."""
    value = event.get(key)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _is_id(text) or int(text) < least:
        raise PayloadError(f"An event's {key} is not one.")
    return int(text)


def _is_id(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= 20


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise PayloadError("An event's time is not one.") from error
