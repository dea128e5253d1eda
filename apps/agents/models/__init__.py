from apps.agents.models.mcp import McpServer
from apps.agents.models.provider import BudgetNotice, InstallationBudget, ModelProvider, RunUsage
from apps.agents.models.question import Question
from apps.agents.models.run import Run, RunQuerySet, RunStatus, RunStep
from apps.agents.models.session import Session

__all__ = [
    "BudgetNotice",
    "InstallationBudget",
    "McpServer",
    "ModelProvider",
    "Question",
    "Run",
    "RunQuerySet",
    "RunStatus",
    "RunStep",
    "RunUsage",
    "Session",
]
