"""The agent's own tools on the host; importing a module registers its tools."""

from apps.agents.tools import asking, directory, history, reacting, registering, sending, usage

__all__ = ["asking", "directory", "history", "reacting", "registering", "sending", "usage"]
