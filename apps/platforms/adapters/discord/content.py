"""Reads what a message of Discord contains: words, files, stickers, polls, what it forwards. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from apps.chats.inbound import InboundAttachment
from apps.chats.models import Message
from apps.platforms.base import PayloadError

Kind = Message.Kind
Json = Mapping[str, Any]

VOICE = 1 << 13  # "Message flags"
USER = re.compile(r"<@!?(\d{1,20})>")
ROLE = re.compile(r"<@&(\d{1,20})>")
EMOJI = re.compile(r"<a?(:\w{1,50}:)\d{1,20}>")
STICKERS = {1: "png", 2: "png", 4: "gif"}  # "Sticker format types"; 3 is an animation that is no picture


def snowflake(value: Any) -> str:
    """Discord's kind of id; raises PayloadError for anything else."""
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit():
        return value
    raise PayloadError("An id is missing or is none.")


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def shown_name(author: Json, member: Json | None) -> str:
    """As it is shown in that server."""
    nick = text_of(member.get("nick")) if member else ""
    return nick or text_of(author.get("global_name")) or text_of(author.get("username"))


def content(data: Json, roles: Mapping[str, str]) -> tuple[Kind, str]:
    """The words first, so that a trigger at their start stays there; empty: nothing to tell. `roles`: names by id."""
    things = _things(data)
    words = _readable(data, roles)
    lines = [words] * bool(words) + [word for _, word in things]
    return (things[0][0] if things else Kind.TEXT), "\n".join(lines)


def _readable(data: Json, roles: Mapping[str, str]) -> str:
    """Mentions and emoji with their names."""
    names = {user["id"]: shown_name(user, user.get("member")) for user in data.get("mentions") or ()}
    text = text_of(data.get("content"))
    text = USER.sub(lambda found: f"@{names.get(found[1]) or found[1]}", text)
    text = ROLE.sub(lambda found: f"@{roles.get(found[1], found[1])}", text)
    return EMOJI.sub(r"\1", text)


def _things(data: Json) -> list[tuple[Kind, str]]:
    """What stands for a thing without words."""
    found = [(file.kind, _file_word(file)) for file in _own_attachments(data)]
    found += [(Kind.STICKER, f"[sticker: {text_of(item.get('name'))}]") for item in data.get("sticker_items") or ()]
    if poll := data.get("poll"):
        found.append((Kind.OTHER, f"[poll: {text_of(poll['question'].get('text'))}]"))
    for forwarded in _forwarded(data):
        _, text = content(forwarded, {})
        found.append((Kind.OTHER, f"[forwarded]\n{text}"))
    if not found and not data.get("content"):
        found += [(Kind.OTHER, _embed_word(embed)) for embed in data.get("embeds") or ()]
        found += [(Kind.OTHER, "[components]")] * bool(data.get("components"))
    return found


def _file_word(file: InboundAttachment) -> str:
    return "[voice message]" if file.kind == Kind.VOICE else f"[{file.kind}: {file.name}]"


def _embed_word(embed: Json) -> str:
    words = ": ".join(filter(None, (text_of(embed.get("title")), text_of(embed.get("description")))))
    return f"[embed: {words}]" if words else "[embed]"


def attachments(data: Json) -> tuple[InboundAttachment, ...]:
    """Its own, those of what it forwards, and stickers that are pictures."""
    files = _own_attachments(data)
    for forwarded in _forwarded(data):
        files += _own_attachments(forwarded)
    for item in data.get("sticker_items") or ():
        if suffix := STICKERS.get(item.get("format_type")):
            name = f"{snowflake(item['id'])}.{suffix}"
            files.append(InboundAttachment(kind=Kind.STICKER, source={"sticker": name}, name=name))
    return tuple(files)


def _own_attachments(data: Json) -> list[InboundAttachment]:
    voice = bool((data.get("flags") or 0) & VOICE)
    return [_attachment(file, voice=voice) for file in data.get("attachments") or ()]


def _attachment(file: Json, *, voice: bool) -> InboundAttachment:
    mime = text_of(file.get("content_type")).partition(";")[0]
    size = file.get("size")
    return InboundAttachment(
        kind=Kind.VOICE if voice else _kind(mime),
        source={"url": text_of(file["url"])},
        name=text_of(file.get("filename")) or "file",
        mime=mime,
        size=size if isinstance(size, int) and 0 <= size < 2**40 else 0,
    )


def _kind(mime: str) -> Kind:
    return {"image": Kind.IMAGE, "video": Kind.VIDEO}.get(mime.partition("/")[0], Kind.FILE)


def _forwarded(data: Json) -> list[Json]:
    return [each["message"] for each in data.get("message_snapshots") or ()]
