"""Discord's messages in the product's words. Pure: no network, no database, no library."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Chat, Message
from apps.platforms.base import PayloadError

Kind = Message.Kind
Json = Mapping[str, Any]

SPOKEN = (0, 19, 20, 23)  # "Message types": said, replied, by a command; the others tell of joins, pins, boosts
FORWARD = 1  # "Message reference types"
VOICE = 1 << 13  # "Message flags"
EPOCH = 1420070400000  # milliseconds, where Discord's ids begin to count
USER = re.compile(r"<@!?(\d{1,20})>")
ROLE = re.compile(r"<@&(\d{1,20})>")
EMOJI = re.compile(r"<a?(:\w{1,50}:)\d{1,20}>")
STICKERS = {1: "png", 2: "png", 4: "gif"}  # "Sticker format types"; 3 is an animation that is no picture


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message was written. `roles`: names by id; `mine`: the roles that stand for the bot."""

    chat_id: str
    thread_id: str = ""
    title: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    mine: frozenset[str] = frozenset()


def where(data: Any) -> tuple[str, str]:
    """The ids of the channel and of the server; that of a direct message is empty. Raises PayloadError."""
    if not isinstance(data, dict):
        raise PayloadError("It is no message of Discord.")
    return _id(data.get("channel_id")), _id(data["guild_id"]) if data.get("guild_id") else ""


def inbound(data: Any, place: Place, me: Me) -> InboundMessage | None:
    """None for what is no message of somebody else; raises PayloadError."""
    try:
        if _id(data["author"]["id"]) == me.id or data.get("type", 0) not in SPOKEN:
            return None
        return _inbound(data, place, me)
    except PayloadError:
        raise
    except Exception as error:
        raise PayloadError(f"A message has a form that Discord does not send ({type(error).__name__}).") from error


def _inbound(data: Json, place: Place, me: Me) -> InboundMessage | None:
    attachments = _attachments(data)
    kind, text = _content(data, place)
    if not text:
        return None
    quoted = _quoted(data)
    author = data["author"]
    direct = not data.get("guild_id")
    return InboundMessage(
        external_id=_id(data["id"]),
        chat_id=place.chat_id,
        chat_kind=Chat.Kind.DIRECT if direct else Chat.Kind.GROUP,
        chat_title=place.title or (_name(data) if direct else ""),
        sender_id=_id(author["id"]),
        sender_name=_name(data),
        text=text,
        kind=kind,
        thread_id=place.thread_id,
        reply_to=_answered(data),
        quoted_sender=_name(quoted) if quoted else "",
        quoted_text=_content(quoted, place)[1] if quoted else "",
        mentions_bot=_mentions(data, place, me) or bool(quoted and quoted["author"]["id"] == me.id),
        from_bot=author.get("bot") is True or bool(data.get("webhook_id")),
        attachments=attachments,
        sent_at=_time(data["id"]),
    )


def _id(value: Any) -> str:
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit():
        return value
    raise PayloadError("An id is missing or is none.")


def _time(message_id: str) -> datetime:
    """The id tells it, to the millisecond."""
    return datetime.fromtimestamp(((int(message_id) >> 22) + EPOCH) / 1000, tz=UTC)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _name(data: Json) -> str:
    """As it is shown in that server."""
    author, member = data["author"], data.get("member") or {}
    return _text(member.get("nick")) or _text(author.get("global_name")) or _text(author.get("username"))


def _content(data: Json, place: Place) -> tuple[Kind, str]:
    """The words first, so that a trigger at their start stays there; empty where there is nothing to tell."""
    things = _things(data)
    words = _readable(data, place)
    lines = [words] * bool(words) + [word for _, word in things]
    return (things[0][0] if things else Kind.TEXT), "\n".join(lines)


def _readable(data: Json, place: Place) -> str:
    """Mentions and emoji with their names."""
    names = {user["id"]: _name({"author": user, "member": user.get("member")}) for user in data.get("mentions") or ()}
    text = _text(data.get("content"))
    text = USER.sub(lambda found: f"@{names.get(found[1]) or found[1]}", text)
    text = ROLE.sub(lambda found: f"@{place.roles.get(found[1], found[1])}", text)
    return EMOJI.sub(r"\1", text)


def _things(data: Json) -> list[tuple[Kind, str]]:
    """What stands for a thing without words."""
    found = [(file.kind, _file_word(file)) for file in _own_attachments(data)]
    found += [(Kind.STICKER, f"[sticker: {_text(item.get('name'))}]") for item in data.get("sticker_items") or ()]
    if poll := data.get("poll"):
        found.append((Kind.OTHER, f"[poll: {_text(poll['question'].get('text'))}]"))
    for forwarded in _forwarded(data):
        _, text = _content(forwarded, Place(""))
        found.append((Kind.OTHER, f"[forwarded]\n{text}"))
    if not found and not data.get("content"):
        found += [(Kind.OTHER, _embed_word(embed)) for embed in data.get("embeds") or ()]
        found += [(Kind.OTHER, "[components]")] * bool(data.get("components"))
    return found


def _file_word(file: InboundAttachment) -> str:
    return "[voice message]" if file.kind == Kind.VOICE else f"[{file.kind}: {file.name}]"


def _embed_word(embed: Json) -> str:
    words = ": ".join(filter(None, (_text(embed.get("title")), _text(embed.get("description")))))
    return f"[embed: {words}]" if words else "[embed]"


def _attachments(data: Json) -> tuple[InboundAttachment, ...]:
    """Its own, those of what it forwards, and stickers that are pictures."""
    files = _own_attachments(data)
    for forwarded in _forwarded(data):
        files += _own_attachments(forwarded)
    for item in data.get("sticker_items") or ():
        if suffix := STICKERS.get(item.get("format_type")):
            name = f"{_id(item['id'])}.{suffix}"
            files.append(InboundAttachment(kind=Kind.STICKER, source={"sticker": name}, name=name))
    return tuple(files)


def _own_attachments(data: Json) -> list[InboundAttachment]:
    voice = bool((data.get("flags") or 0) & VOICE)
    return [_attachment(file, voice=voice) for file in data.get("attachments") or ()]


def _attachment(file: Json, *, voice: bool) -> InboundAttachment:
    mime = _text(file.get("content_type")).partition(";")[0]
    size = file.get("size")
    return InboundAttachment(
        kind=Kind.VOICE if voice else _kind(mime),
        source={"url": _text(file["url"])},
        name=_text(file.get("filename")) or "file",
        mime=mime,
        size=size if isinstance(size, int) and 0 <= size < 2**40 else 0,
    )


def _kind(mime: str) -> Kind:
    return {"image": Kind.IMAGE, "video": Kind.VIDEO}.get(mime.partition("/")[0], Kind.FILE)


def _forwarded(data: Json) -> list[Json]:
    return [each["message"] for each in data.get("message_snapshots") or ()]


def _answered(data: Json) -> str:
    reference = data.get("message_reference") or {}
    if not reference.get("message_id") or reference.get("type", 0) == FORWARD:
        return ""
    return _id(reference["message_id"])


def _quoted(data: Json) -> Json | None:
    """Absent where the message that is answered was deleted."""
    quoted = data.get("referenced_message")
    return quoted if isinstance(quoted, dict) and _answered(data) else None


def _mentions(data: Json, place: Place, me: Me) -> bool:
    """By name, or by the role that Discord made for the bot and offers under the same name."""
    named = any(user["id"] == me.id for user in data.get("mentions") or ())
    return named or not place.mine.isdisjoint(data.get("mention_roles") or ())
