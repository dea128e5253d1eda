"""Agents: their runs and turns, the sandbox they live in, the tools they call, the models that serve them, the cost."""
