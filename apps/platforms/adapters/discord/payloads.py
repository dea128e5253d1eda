"""Translates Discord's messages into the product's words. Pure: no network, no database, no library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat
from apps.platforms.adapters.discord import content
from apps.platforms.adapters.discord.content import Json, shown_name, snowflake
from apps.platforms.base import PayloadError

SPOKEN = (0, 19, 20, 23)  # "Message types": said, replied, by a command; the others tell of joins, pins, boosts
FORWARD = 1  # "Message reference types"
EPOCH = 1420070400000  # milliseconds, where Discord's ids begin to count


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
    return snowflake(data.get("channel_id")), snowflake(data["guild_id"]) if data.get("guild_id") else ""


def inbound(data: Any, place: Place, me: Me) -> InboundMessage | None:
    """None for what is no message of somebody else; raises PayloadError."""
    try:
        if snowflake(data["author"]["id"]) == me.id or data.get("type", 0) not in SPOKEN:
            return None
        return _inbound(data, place, me)
    except PayloadError:
        raise
    except Exception as error:
        raise PayloadError(f"A message has a form that Discord does not send ({type(error).__name__}).") from error


def _inbound(data: Json, place: Place, me: Me) -> InboundMessage | None:
    kind, text = content.content(data, place.roles)
    if not text:
        return None
    quoted = _quoted(data)
    author = data["author"]
    direct = not data.get("guild_id")
    return InboundMessage(
        external_id=snowflake(data["id"]),
        chat_id=place.chat_id,
        chat_kind=Chat.Kind.DIRECT if direct else Chat.Kind.GROUP,
        chat_title=place.title or (_name(data) if direct else ""),
        sender_id=snowflake(author["id"]),
        sender_name=_name(data),
        text=text,
        kind=kind,
        thread_id=place.thread_id,
        reply_to=_answered(data),
        quoted_sender=_name(quoted) if quoted else "",
        quoted_text=content.content(quoted, place.roles)[1] if quoted else "",
        mentions_bot=_mentions(data, place, me) or bool(quoted and quoted["author"]["id"] == me.id),
        from_bot=author.get("bot") is True or bool(data.get("webhook_id")),
        attachments=content.attachments(data),
        sent_at=_time(data["id"]),
    )


def _time(message_id: str) -> datetime:
    """The id tells it, to the millisecond."""
    return datetime.fromtimestamp(((int(message_id) >> 22) + EPOCH) / 1000, tz=UTC)


def _name(data: Json) -> str:
    return shown_name(data["author"], data.get("member"))


def _answered(data: Json) -> str:
    reference = data.get("message_reference") or {}
    if not reference.get("message_id") or reference.get("type", 0) == FORWARD:
        return ""
    return snowflake(reference["message_id"])


def _quoted(data: Json) -> Json | None:
    """Absent where the message that is answered was deleted."""
    quoted = data.get("referenced_message")
    return quoted if isinstance(quoted, dict) and _answered(data) else None


def _mentions(data: Json, place: Place, me: Me) -> bool:
    """By name, or by the role that Discord made for the bot and offers under the same name."""
    named = any(user["id"] == me.id for user in data.get("mentions") or ())
    return named or not place.mine.isdisjoint(data.get("mention_roles") or ())
