"""Reads what a message of WhatsApp contains: words, or what stands for a thing without words, and its file. Pure."""

import mimetypes
import re
from collections.abc import Mapping
from typing import Any

from apps.chats.inbound import InboundAttachment
from apps.chats.models import Message

Kind = Message.Kind

THINGS = {
    "image": (Kind.IMAGE, "photo"),
    "video": (Kind.VIDEO, "video"),
    "audio": (Kind.FILE, "audio"),
    "document": (Kind.FILE, "file"),
    "sticker": (Kind.STICKER, "sticker"),
}
MEDIA_ID = re.compile(r"[\w.-]{1,200}", re.ASCII)  # it becomes part of an address


def content(given: Mapping[str, Any]) -> tuple[Message.Kind, str]:
    """The words first, so that a trigger at their start stays there."""
    kind = text_at(given, "type")
    thing = mapping(given.get(kind))
    if words := _words(kind, thing):
        return Kind.TEXT, words
    if kind in THINGS:
        found, word = THINGS[kind]
        if thing.get("voice") is True:
            found, word = Kind.VOICE, "voice message"
        name, caption = text_at(thing, "filename"), text_at(thing, "caption")
        placeholder = f"[{word}: {name}]" if name else f"[{word}]"
        return found, f"{caption}\n{placeholder}" if caption else placeholder
    return Kind.OTHER, f"[{_described(kind, thing)}]"


def attachments(given: Mapping[str, Any], kind: Message.Kind) -> tuple[InboundAttachment, ...]:
    """What can be fetched by its media id."""
    of_kind = text_at(given, "type")
    thing = mapping(given.get(of_kind))
    media_id = text_at(thing, "id")
    if of_kind not in THINGS or not MEDIA_ID.fullmatch(media_id):
        return ()
    mime = text_at(thing, "mime_type").partition(";")[0].strip()
    name = text_at(thing, "filename") or f"{kind}{mimetypes.guess_extension(mime) or ''}"
    return (InboundAttachment(kind=kind, source={"media_id": media_id}, name=name, mime=mime),)


def _words(kind: str, thing: Mapping[str, Any]) -> str:
    if kind == "text":
        return text_at(thing, "body")
    if kind == "button":
        return text_at(thing, "text")
    if kind == "interactive":
        return text_at(chosen(thing), "title")
    return ""


def chosen(interactive: Mapping[str, Any]) -> Mapping[str, Any]:
    """The button or the row of a list that somebody chose."""
    return mapping(interactive.get("button_reply")) or mapping(interactive.get("list_reply"))


def _described(kind: str, thing: Mapping[str, Any]) -> str:
    if kind == "location":
        place = ", ".join(str(thing[key]) for key in ("latitude", "longitude") if isinstance(thing.get(key), float))
        name = text_at(thing, "name")
        return ": ".join(word for word in ("location", name, place) if word)
    return re.sub(r"[^\w ]", "", kind)[:40] or "message"


# What a stranger sends may be anything: each of these is empty where something else stands.


def mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def mappings(given: Any) -> list[Mapping[str, Any]]:
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def text_at(given: Mapping[str, Any], key: str) -> str:
    found = given.get(key)
    return found if isinstance(found, str) else ""


def digits(number: str) -> str:
    return re.sub(r"\D", "", number)
