"""Reads what a message of Telegram contains: words, or what stands for a thing without words, and its file. Pure."""

from telegram import Message as TelegramMessage
from telegram import PhotoSize

from apps.chats.inbound import InboundAttachment
from apps.chats.models import Message

Kind = Message.Kind

# What stands for a thing without words, by the message's attribute; the first that is there counts
# (an animation is a document too).
THINGS = (
    ("photo", Kind.IMAGE, "photo"),
    ("voice", Kind.VOICE, "voice message"),
    ("audio", Kind.FILE, "audio"),
    ("video", Kind.VIDEO, "video"),
    ("video_note", Kind.VIDEO, "video message"),
    ("animation", Kind.VIDEO, "animation"),
    ("document", Kind.FILE, "file"),
    ("sticker", Kind.STICKER, "sticker"),
    ("location", Kind.OTHER, "location"),
    ("contact", Kind.OTHER, "contact"),
    ("poll", Kind.OTHER, "poll"),
    ("dice", Kind.OTHER, "dice"),
    ("game", Kind.OTHER, "game"),
    ("story", Kind.OTHER, "story"),
    ("invoice", Kind.OTHER, "invoice"),
    ("paid_media", Kind.OTHER, "paid media"),
    ("giveaway", Kind.OTHER, "giveaway"),
    ("checklist", Kind.OTHER, "checklist"),
)
SUFFIXES = {"photo": ".jpg", "voice": ".ogg", "video_note": ".mp4", "sticker": ".webp"}  # where no name comes along


def content(message: TelegramMessage) -> tuple[Kind, str]:
    """An empty text says that there is nothing to tell: a service message."""
    if message.text:
        return Kind.TEXT, message.text
    for attribute, kind, word in THINGS:
        if thing := getattr(message, attribute, None):
            name = getattr(thing, "file_name", None) or getattr(thing, "emoji", None) or ""
            placeholder = f"[{word}: {name}]" if name else f"[{word}]"
            # The words first, so that a trigger at their start stays there.
            return kind, f"{message.caption}\n{placeholder}" if message.caption else placeholder
    if message.api_kwargs and not message.caption:  # what the library has no name for yet
        return Kind.OTHER, "[message]"
    return Kind.TEXT, message.caption or ""


def attachments(message: TelegramMessage) -> tuple[InboundAttachment, ...]:
    """What can be fetched by its file id; of a photo the largest size."""
    for attribute, kind, _word in THINGS:
        if thing := getattr(message, attribute, None):
            file = max(thing, key=_pixels) if isinstance(thing, tuple | list) else thing
            if file_id := getattr(file, "file_id", None):
                return (
                    InboundAttachment(
                        kind=kind,
                        source={"file_id": str(file_id)},
                        name=getattr(file, "file_name", None) or f"{kind}{SUFFIXES.get(attribute, '')}",
                        mime=getattr(file, "mime_type", None) or ("image/jpeg" if attribute == "photo" else ""),
                        size=getattr(file, "file_size", None) or 0,
                    ),
                )
    return ()


def _pixels(size: PhotoSize) -> int:
    return size.width * size.height
