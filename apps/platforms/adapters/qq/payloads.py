"""OneBot's events in the product's words. Pure: no network, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Chat, Message
from apps.platforms.adapters.qq.content import Segment, segments
from apps.platforms.base import PayloadError

Kind = Message.Kind

# What stands for a thing without words.
THINGS = {
    "image": (Kind.IMAGE, "image"),
    "mface": (Kind.STICKER, "sticker"),
    "record": (Kind.VOICE, "voice message"),
    "video": (Kind.VIDEO, "video"),
    "file": (Kind.FILE, "file"),
}
SUFFIXES = {"image": ".jpg", "mface": ".gif", "record": ".amr", "video": ".mp4"}  # where no name comes along
SILENT = ("reply",)  # told otherwise


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
    text, _, _ = _content(segments(data.get("message")), me)
    return Quoted(message_id, sender_id, me.name if sender_id == me.id else _name(sender), text)


def inbound(event: Mapping[str, Any], me: Me, answer: Quoted | None = None, title: str = "") -> InboundMessage | None:
    """None for our own and for what says nothing. Raises PayloadError."""
    group, user = group_of(event), _number(event, "user_id")
    if str(user) == me.id:
        return None
    found = segments(event.get("message"))
    text, mentioned, kind = _content(found, me)
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
        attachments=_attachments(found, group),
        sent_at=_moment(moment),
    )


def title_of(event: Mapping[str, Any]) -> str:
    """Some implementations tell the group's name with each message."""
    name = event.get("group_name")
    return name if isinstance(name, str) else ""


def _content(found: Sequence[Segment], me: Me) -> tuple[str, bool, Kind]:
    """The text without the mention of us, whether there was one, and the kind of the first thing that is no text."""
    words, mentioned, kind = "", False, Kind.TEXT
    for segment in found:
        if segment.kind == "at" and segment.data.get("qq") in (me.id, "all"):
            mentioned = True
            words += "@all " if segment.data["qq"] == "all" else ""
        elif segment.kind not in SILENT:
            words += _words(segment)
            if kind is Kind.TEXT and segment.kind in THINGS:
                kind = THINGS[segment.kind][0]
    return words.strip() or (f"@{me.name}" if mentioned else ""), mentioned, kind


def _words(segment: Segment) -> str:
    kind, data = segment
    if kind == "text":
        return data.get("text", "")
    if kind == "at":
        return f"@{data.get('name') or data.get('qq', '')} "
    if kind == "markdown":
        return data.get("content", "")
    word = THINGS[kind][1] if kind in THINGS else kind[:30]
    name = data.get("name") or (data.get("file") if kind == "file" else "") or data.get("summary", "").strip("[]")
    return f"[{word}: {name}]" if name else f"[{word}]"


def _attachments(found: Sequence[Segment], group: int) -> tuple[InboundAttachment, ...]:
    return tuple(
        InboundAttachment(
            kind=THINGS[segment.kind][0],
            source=source,
            name=_file_name(segment),
            size=int(size) if (size := segment.data.get("file_size", "")).isdecimal() and len(size) < 15 else 0,
        )
        for segment in found
        if segment.kind in THINGS and (source := _source(segment.data, group))
    )


def _source(data: Mapping[str, str], group: int) -> Mapping[str, Any] | None:
    for address in (data.get("url", ""), data.get("file", "")):
        if address.startswith(("http://", "https://")):
            return {"url": address}
    if group and data.get("file_id"):
        return {"group_id": group, "file_id": data["file_id"], "busid": data.get("busid", "")}
    return None


def _file_name(segment: Segment) -> str:
    given = segment.data.get("name") or segment.data.get("file", "")
    is_name = given and len(given) <= 200 and "://" not in given
    return given if is_name else f"{segment.kind}{SUFFIXES.get(segment.kind, '')}"


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
