"""The admin pages, one file per subject. Django finds them by importing this package."""

from apps.agents.admin import budgets, mcp, providers, questions, runs

__all__ = ["budgets", "mcp", "providers", "questions", "runs"]
