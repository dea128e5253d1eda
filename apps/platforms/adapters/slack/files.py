"""Reads the files of a message event, and says where they may be fetched from. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from apps.chats.inbound import InboundAttachment
from apps.chats.models import Message
from apps.platforms.adapter_kit.downloads import host_of

Json = Mapping[str, Any]
Kind = Message.Kind

KINDS = {"image": Kind.IMAGE, "audio": Kind.VOICE, "video": Kind.VIDEO}  # by the first half of the media type
WORDS = {Kind.IMAGE: "photo", Kind.VOICE: "voice message", Kind.VIDEO: "video"}
ABSENT = ("tombstone", "hidden_by_limit", "external")  # modes of files that do not lie at Slack
SLACK = (".slack.com", ".slack-edge.com", ".slack-files.com")
MOST = 20  # of one message


def kind_of(event: Json) -> Kind:
    return next((_kind(file) for file in _files(event)), Kind.TEXT)


def placeholder(event: Json) -> str:
    """What stands for the files where words are expected."""
    return "\n".join(_placeholder(file) for file in _files(event))


def attachments(event: Json) -> tuple[InboundAttachment, ...]:
    return tuple(
        InboundAttachment(
            kind=_kind(file),
            source={"file_id": _string(file, "id"), "url": _url(file), "mime": _string(file, "mimetype")},
            name=_name(file) or str(_kind(file)),
            mime=_string(file, "mimetype"),
            size=_size(file),
        )
        for file in _files(event)
        if _string(file, "id") and _string(file, "mode") not in ABSENT
    )


def is_slacks(url: str, base: str) -> bool:
    """Whether the bot's token may go there: Slack itself, or the server that the operator set."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return (parts.scheme == "https" and f".{host}".endswith(SLACK)) or host_of(url) == host_of(base)


def is_a_page(start: bytes, mime: str) -> bool:
    """Slack shows a page to log in, and no error, to whom it does not let have a file."""
    return start.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")) and "html" not in mime


def _files(event: Json) -> Iterator[Json]:
    given = event.get("files")
    yield from [file for file in given if isinstance(file, Mapping)][:MOST] if isinstance(given, list) else []


def _kind(file: Json) -> Kind:
    if _string(file, "subtype") == "slack_audio":  # a recording, which Slack calls a video sometimes
        return Kind.VOICE
    return KINDS.get(_string(file, "mimetype").partition("/")[0], Kind.FILE)


def _placeholder(file: Json) -> str:
    word, name = WORDS.get(_kind(file), "file"), _name(file)
    return f"[{word}: {name}]" if name else f"[{word}]"


def _name(file: Json) -> str:
    return _string(file, "name") or _string(file, "title")


def _url(file: Json) -> str:
    return _string(file, "url_private_download") or _string(file, "url_private")


def _size(file: Json) -> int:
    size = file.get("size")
    return size if isinstance(size, int) and size > 0 else 0


def _string(given: Json, key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""
