"""The SDK's own tools: those that cannot work here are not offered, so that no agent tries them."""

from apps.chats.models import Group

# Questions at a terminal, modes that wait for a person, its own timetable, and what goes on between turns.
USELESS = (
    *("AskUserQuestion", "EnterPlanMode", "ExitPlanMode", "EnterWorktree", "ExitWorktree", "ScheduleWakeup"),
    *("CronCreate", "CronDelete", "CronList", "Monitor", "TaskStop", "Workflow", "ListAgents", "SendMessage"),
    "ReportFindings",
)
NEEDS_NETWORK = ("WebFetch",)  # of the container; WebSearch is the model's own


def disallowed(group: Group) -> list[str]:
    """The same for every caller: another list would restart a warm agent."""
    return [*USELESS, *(NEEDS_NETWORK if group.network == Group.Network.SEALED else ())]
