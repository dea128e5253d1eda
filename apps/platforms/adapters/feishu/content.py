"""Reads what a message of Feishu contains: words, a kind, files. Pure; out of anything comes something readable."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.chats.models import Message
from apps.platforms.base import PayloadError

Kind = Message.Kind

MOST_ELEMENTS = 2000  # of a rich text; more is nobody's message
MENTION = re.compile(r"@_(?:user_\d+|all)")
WORD = re.compile(r"\w{1,40}", re.ASCII)
ID = re.compile(r"\w[\w.@:=+-]{0,127}", re.ASCII)
KEY = re.compile(r"[\w.=-]{1,256}", re.ASCII)

PLACEHOLDERS = {
    "interactive": "card",
    "share_chat": "shared chat",
    "share_user": "shared contact",
    "merge_forward": "forwarded messages",
    "hongbao": "red packet",
    "location": "location",
    "sticker": "sticker",
}
# By message type: our kind, the word for it, the field with its key, the resource's type, a name where none comes.
FILES = {
    "image": (Kind.IMAGE, "image", "image_key", "image", "image.jpg"),
    "file": (Kind.FILE, "file", "file_key", "file", "file"),
    "audio": (Kind.VOICE, "voice message", "file_key", "file", "voice.opus"),
    "media": (Kind.VIDEO, "video", "file_key", "file", "video.mp4"),
}


@dataclass(frozen=True, slots=True)
class File:
    """A resource of a message: `type` is what the address of its bytes wants to hear."""

    kind: Kind
    key: str
    type: str
    name: str


@dataclass(slots=True)
class Content:
    """An empty text says that there is nothing to tell."""

    text: str
    kind: Kind = Kind.TEXT
    files: list[File] = field(default_factory=list)


def read(message_type: str, content: str, names: Mapping[str, str]) -> Content:
    """`names`: what `@_user_1` stands for. Raises PayloadError when the content is no JSON object."""
    try:
        given = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PayloadError(_("The content of a message is no JSON.")) from error
    if not isinstance(given, dict):
        raise PayloadError(_("The content of a message is no object."))
    if message_type == "text":
        return Content(named(word(given, "text"), names))
    if message_type == "post":
        return _post(given, names)
    if message_type in FILES:
        return _file(message_type, given)
    if message_type == "system":
        return Content("")
    kind = Kind.STICKER if message_type == "sticker" else Kind.OTHER
    return Content(_placeholder(message_type, given), kind)


def named(text: str, names: Mapping[str, str]) -> str:
    """With the people's names for the places kept for them."""
    return MENTION.sub(lambda found: f"@{names[found[0]]}" if names.get(found[0]) else found[0], text)


def _placeholder(message_type: str, given: Mapping[str, Any]) -> str:
    title = word(given, "name") or word(given, "title")
    kind = PLACEHOLDERS.get(message_type) or (message_type if WORD.fullmatch(message_type) else "message")
    return f"[{kind}: {title[:200]}]" if title else f"[{kind}]"


def _file(message_type: str, given: Mapping[str, Any]) -> Content:
    kind, what, field_name, resource, fallback = FILES[message_type]
    name, key = word(given, "file_name"), word(given, field_name)
    text = f"[{what}: {name}]" if name else f"[{what}]"
    return Content(text, kind, [File(kind, key, resource, name or fallback)] if KEY.fullmatch(key) else [])


def _post(given: Mapping[str, Any], names: Mapping[str, str]) -> Content:
    """A rich text: paragraphs of elements, at the top or under the first language."""
    if "content" not in given:
        given = next((value for value in given.values() if isinstance(value, dict)), {})
    found = Content(word(given, "title"))
    lines = [found.text] if found.text else []
    paragraphs = given.get("content")
    left = MOST_ELEMENTS
    for paragraph in paragraphs if isinstance(paragraphs, list) else []:
        elements = (
            [element for element in paragraph if isinstance(element, dict)] if isinstance(paragraph, list) else []
        )
        lines.append("".join(_element(element, names, found) for element in elements[:left]))
        left -= len(elements)
        if left <= 0:
            break
    found.text = "\n".join(lines).strip()
    return found


def _element(element: Mapping[str, Any], names: Mapping[str, str], found: Content) -> str:
    tag, text = word(element, "tag"), word(element, "text")
    if tag in ("img", "media"):
        file = _file("image" if tag == "img" else "media", element)
        found.files += file.files
        return file.text
    if tag == "a":
        target = word(element, "href")
        return f"{text} ({target})" if target and target != text else text
    if tag == "at":
        return _mentioned(element, names)
    if tag == "code_block":
        return f"```{word(element, 'language').lower()}\n{text}\n```"
    if tag == "emotion":
        return f"[{word(element, 'emoji_type')}]"
    return "———" if tag == "hr" else named(text, names)


def _mentioned(element: Mapping[str, Any], names: Mapping[str, str]) -> str:
    place = word(element, "user_id")
    name = "all" if place in ("all", "@_all") else names.get(place) or word(element, "user_name")
    return f"@{name}" if name else ""


# What a stranger sends may be anything: all but `word` raise PayloadError where something else stands.


def word(given: Mapping[str, Any], key: str) -> str:
    """Empty for what is no text."""
    value = given.get(key)
    return value if isinstance(value, str) else ""


def id_at(given: Mapping[str, Any], key: str) -> str:
    found = word(given, key)
    if not ID.fullmatch(found):
        raise strange(key)
    return found


def mapping(given: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise strange(name)
    return given


def strange(name: str) -> PayloadError:
    return PayloadError(_("An event has a form that Feishu does not send (%s).") % name)


def sender_id_of(sender: Mapping[str, Any]) -> str:
    """An app's message may have no more than the app's id."""
    ids = sender.get("sender_id")
    if not isinstance(ids, dict):
        raise strange("sender_id")
    return id_at(
        {"id": next((ids[key] for key in ("open_id", "user_id", "union_id", "app_id") if ids.get(key)), "")}, "id"
    )
