"""The rows of agents: runs, sessions, questions, model providers, MCP servers."""

from apps.agents.models.mcp import McpServer
from apps.agents.models.provider import BudgetNotice, InstallationBudget, ModelProvider, RunUsage, SpendingOfDeleted
from apps.agents.models.question import APPROVE, REFUSE, Question, QuestionQuerySet, QuestionStatus, asked_in_chat
from apps.agents.models.run import Run, RunQuerySet, RunStatus, RunStep
from apps.agents.models.session import Session

__all__ = [
    "APPROVE",
    "REFUSE",
    "BudgetNotice",
    "InstallationBudget",
    "McpServer",
    "ModelProvider",
    "Question",
    "QuestionQuerySet",
    "QuestionStatus",
    "Run",
    "RunQuerySet",
    "RunStatus",
    "RunStep",
    "RunUsage",
    "Session",
    "SpendingOfDeleted",
    "asked_in_chat",
]
