"""The agent's own tools on the host; importing a module registers its tools."""

from apps.agents.tools import ask, chats, groups, history, messages, reactions, usage

__all__ = ["ask", "chats", "groups", "history", "messages", "reactions", "usage"]
