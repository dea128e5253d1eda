"""The operator's desk for chats: one file for each thing on it. Channels have theirs where platforms are known."""

from apps.chats.admin.chats import ChatAdmin
from apps.chats.admin.groups import GroupAdmin
from apps.chats.admin.incidents import IncidentAdmin
from apps.chats.admin.messages import AttachmentAdmin, MessageAdmin
from apps.chats.admin.senders import PairingAdmin, SenderAdmin

__all__ = ["AttachmentAdmin", "ChatAdmin", "GroupAdmin", "IncidentAdmin", "MessageAdmin", "PairingAdmin", "SenderAdmin"]
