"""Translates Slack's events into the product's words. Pure: no network, no database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat
from apps.platforms.adapters.slack.content import PERSON, people, readable
from apps.platforms.adapters.slack.files import attachments, kind_of, placeholder
from apps.platforms.base import PayloadError

Json = Mapping[str, Any]

TIMESTAMP = re.compile(r"\d{10}\.\d{1,6}", re.ASCII)
ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
SLACKBOT = "USLACKBOT"

# Subtypes that tell of the channel and not of what somebody said ("message event"), by how they begin.
SERVICE = (
    *("message_", "channel_", "group_", "bot_add", "bot_remove", "ekm_", "pinned_item", "unpinned_item", "reminder_"),
    *("huddle_", "sh_room_", "tombstone", "assistant_app_thread", "file_comment", "file_mention", "reply_broadcast"),
)


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself, as auth.test tells."""

    user_id: str
    bot_id: str = ""
    name: str = ""
    team_id: str = ""

    @property
    def ids(self) -> Mapping[str, str]:
        return {"id": self.user_id, "bot_id": self.bot_id, "username": self.name, "team_id": self.team_id}


@dataclass(frozen=True, slots=True)
class Names:
    """What was looked up: people's names and channels' titles by their ids."""

    people: Mapping[str, str] = field(default_factory=dict)
    chats: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """One message event, whose form was looked at."""

    event: Json
    chat_id: str
    ts: str
    sender_id: str
    text: str

    @property
    def is_direct(self) -> bool:
        return self.event.get("channel_type") == "im" or self.chat_id.startswith("D")

    @property
    def people(self) -> list[str]:
        """Whose names would be good to know; another app tells its own."""
        return [*([] if _own_name(self.event) else [self.sender_id]), *people(self.text)]


def said(payload: Any, me: Me) -> Said | None:
    """None for what is no message of somebody else; raises PayloadError."""
    event = payload.get("event") if isinstance(payload, Mapping) else None
    if not isinstance(event, Mapping):
        raise PayloadError("It is no event of Slack.")
    if event.get("type") not in ("message", "app_mention") or event.get("hidden"):
        return None
    if _string(event, "subtype").startswith(SERVICE) or _is_own(event, me):
        return None
    chat_id, ts = _string(event, "channel"), _string(event, "ts")
    if not ID.fullmatch(chat_id) or not TIMESTAMP.fullmatch(ts):
        raise PayloadError("A message of Slack without a channel or a time.")
    sender_id = _string(event, "user") or _string(event, "bot_id")
    if not ID.fullmatch(sender_id):
        raise PayloadError("A message of Slack that nobody wrote.")
    return Said(event, chat_id, ts, sender_id, _string(event, "text"))


def inbound(heard: Said, me: Me, names: Names, *, open_threads: bool = False) -> InboundMessage:
    """`open_threads`: a mention in a channel is the root of a thread of its own."""
    event, known = heard.event, {**names.people, me.user_id: me.name}
    text = readable(heard.text, known)
    files = attachments(event)
    mentioned = me.user_id in PERSON.findall(heard.text)
    quoted_sender, quoted_text = _shared(event, known)
    return InboundMessage(
        external_id=heard.ts,
        chat_id=heard.chat_id,
        chat_kind=Chat.Kind.DIRECT if heard.is_direct else Chat.Kind.GROUP,
        chat_title=names.chats.get(heard.chat_id) or (known.get(heard.sender_id, "") if heard.is_direct else ""),
        sender_id=heard.sender_id,
        sender_name=_own_name(event) or known.get(heard.sender_id, ""),
        text="\n".join(filter(None, [text, placeholder(event)])) or _without_words(event),
        kind=kind_of(event),
        thread_id=_thread(heard, opened=open_threads and mentioned),
        quoted_sender=quoted_sender,
        quoted_text=quoted_text,
        mentions_bot=mentioned or event.get("parent_user_id") == me.user_id,
        from_bot=bool(event.get("bot_id")) or event.get("subtype") == "bot_message" or heard.sender_id == SLACKBOT,
        attachments=files,
        sent_at=datetime.fromtimestamp(float(heard.ts), UTC),
    )


def _thread(heard: Said, *, opened: bool) -> str:
    """The root's time; a root itself carries its own once it has answers, and is in no thread."""
    thread = _string(heard.event, "thread_ts")
    if TIMESTAMP.fullmatch(thread) and thread != heard.ts:
        return thread
    return heard.ts if opened and not heard.is_direct else ""


def _is_own(event: Json, me: Me) -> bool:
    return event.get("user") == me.user_id or bool(me.bot_id and event.get("bot_id") == me.bot_id)


def _own_name(event: Json) -> str:
    """How another app calls itself."""
    profile = event.get("bot_profile")
    return _string(event, "username") or (_string(profile, "name") if isinstance(profile, Mapping) else "")


def _shared(event: Json, known: Mapping[str, str]) -> tuple[str, str]:
    """Who said what, of a message that was forwarded."""
    for given in _listed(event, "attachments"):
        if given.get("is_share") or given.get("is_msg_unfurl"):
            author = _string(given, "author_name") or known.get(_string(given, "author_id"), "")
            return author, readable(_string(given, "text"), known)
    return "", ""


def _without_words(event: Json) -> str:
    """An app's message may be nothing but attachments and blocks."""
    words = [_string(given, "fallback") or _string(given, "text") for given in _listed(event, "attachments")]
    return readable("\n".join(filter(None, words)), {}) or f"[{_string(event, 'subtype') or 'message'}]"


def _listed(event: Json, key: str) -> list[Json]:
    given = event.get(key)
    return [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []


def _string(given: Json, key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""
