"""The admin pages of chats, one file for each subject; those of channels are in apps.platforms."""

from apps.chats.admin import chats, groups, incidents, messages, senders

__all__ = ["chats", "groups", "incidents", "messages", "senders"]
