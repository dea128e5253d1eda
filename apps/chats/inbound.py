"""What an adapter yields: one message, in the product's own words, whatever the platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from apps.chats.models import Chat, Message


@dataclass(frozen=True, slots=True)
class InboundAttachment:
    """A file that belongs to a message; stored with it and fetched afterwards, by the adapter's `download`."""

    kind: Message.Kind
    source: Mapping[str, Any]  # JSON; what the adapter needs to find it, such as a file id; no secret
    name: str = ""
    mime: str = ""
    size: int = 0  # bytes as the platform says; 0: it does not say


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message as the platform delivered it; ids are the platform's own, as strings."""

    external_id: str
    chat_id: str
    sender_id: str
    text: str
    chat_kind: Chat.Kind = Chat.Kind.GROUP
    chat_title: str = ""
    sender_name: str = ""
    kind: Message.Kind = Message.Kind.TEXT
    thread_id: str = ""
    reply_to: str = ""
    quoted_sender: str = ""
    quoted_text: str = ""
    mentions_bot: bool = False  # a platform mention of the bot, or a reply to one of its messages
    from_bot: bool = False
    is_reaction: bool = False  # to the message in `reply_to`: read later, never a call
    access: str = ""  # a Sender.Access that the platform itself vouches for: our own users; empty: as it is
    attachments: tuple[InboundAttachment, ...] = ()
    pressed: str = ""  # what a button of ours says; not to be trusted: any client can send what it likes
    album: str = ""  # messages with the same one within a moment are one message, which the platform sends in pieces
    context: Mapping[str, str] = field(
        default_factory=dict
    )  # what an answer needs: a session's address, a message's id
    sent_at: datetime = field(default_factory=timezone.now)
