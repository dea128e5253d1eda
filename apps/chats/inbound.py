"""What an adapter yields: one message, in the product's own words, whatever the platform."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from apps.chats.models import Chat, Message


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
    sent_at: datetime = field(default_factory=timezone.now)
