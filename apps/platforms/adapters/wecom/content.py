"""Reads what a message to an app contains: words, or what stands for a thing without words, and its file. Pure."""

from collections.abc import Mapping

from apps.chats.inbound import InboundAttachment
from apps.chats.models import Message

Kind = Message.Kind

THINGS = {
    "image": (Kind.IMAGE, "photo", "image.jpg"),
    "voice": (Kind.VOICE, "voice message", "voice.amr"),
    "video": (Kind.VIDEO, "video", "video.mp4"),
    "file": (Kind.FILE, "file", ""),
}


def content(given: Mapping[str, str]) -> tuple[Message.Kind, str]:
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


def attachments(given: Mapping[str, str], kind: Message.Kind) -> tuple[InboundAttachment, ...]:
    media_id = given.get("MediaId", "")
    if given.get("MsgType") not in THINGS or not media_id:
        return ()
    name = given.get("FileName") or THINGS[given["MsgType"]][2]
    return (InboundAttachment(kind=kind, source={"media_id": media_id}, name=name),)


def placeholder(kind: str) -> str:
    return kind if kind.isidentifier() and len(kind) <= 40 else "message"
