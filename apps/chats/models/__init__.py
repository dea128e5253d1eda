"""The rows of chats: channels, chats, senders, groups, messages, incidents."""

from apps.chats.models.channel import Channel
from apps.chats.models.chat import Chat, Sender
from apps.chats.models.group import Group
from apps.chats.models.incident import Incident
from apps.chats.models.memory import MemoryEdit
from apps.chats.models.message import Attachment, Message
from apps.chats.models.pairing import Pairing

__all__ = [
    "Attachment",
    "Channel",
    "Chat",
    "Group",
    "Incident",
    "MemoryEdit",
    "Message",
    "Pairing",
    "Sender",
]
