"""The admin pages of agents, one file for each subject."""

from apps.agents.admin import budgets, mcp, providers, questions, runs

__all__ = ["budgets", "mcp", "providers", "questions", "runs"]
