"""Channels, chats, groups, senders and messages, and a group's folder on disk."""
