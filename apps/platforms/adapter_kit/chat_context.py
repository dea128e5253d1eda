"""Gives what the platform told with the newest message of a chat and an answer needs; it is kept encrypted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from apps.chats.models import Channel, Chat
from apps.platforms.aio.database import in_database


@dataclass(frozen=True, slots=True)
class Context:
    """`values`: the `context` of the newest InboundMessage that had one. last_inbound_at: exact to five seconds."""

    values: Mapping[str, str]
    last_inbound_at: datetime | None


async def context_of(channel: Channel, chat_id: str) -> Context:
    return await in_database(_context, channel, chat_id)


def _context(channel: Channel, chat_id: str) -> Context:
    chat = Chat.objects.filter(channel=channel, external_id=chat_id).first()
    return Context(dict(chat.context), chat.last_message_at) if chat else Context({}, None)
