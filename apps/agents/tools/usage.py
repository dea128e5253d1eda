"""What the group has used, and what it may still spend."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.utils import timezone
from pydantic import BaseModel, Field

from apps.agents.models import Run
from apps.agents.toolbox import tool
from apps.agents.tools.places import GROUP, group_named
from apps.chats.models import Group


class GetUsage(BaseModel):
    group: str = Field(default="", max_length=64, description=GROUP)


@tool(
    "get_usage",
    "Tell what this group has used of the model today and this month, and what its budgets leave.",
    GetUsage,
)
def get_usage(run: Run, given: GetUsage) -> str:
    group = group_named(run, given.group)
    today = timezone.now().astimezone(ZoneInfo(group.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    periods = (
        ("Today", today, group.daily_budget_usd),
        ("This month", today.replace(day=1), group.monthly_budget_usd),
    )
    lines = [_line(group, words, since, budget) for words, since, budget in periods]
    return "\n".join([*lines, "A run in progress is counted when it has ended."])


def _line(group: Group, words: str, since: datetime, budget: Decimal | None) -> str:
    runs = Run.objects.filter(session__group=group, created_at__gte=since - timedelta(days=1))
    used = runs.filter(started_at__gte=since).aggregate(
        cost=Sum("cost_usd", default=Decimal(0)),
        read=Sum("input_tokens", default=0)
        + Sum("cache_read_tokens", default=0)
        + Sum("cache_write_tokens", default=0),
        written=Sum("output_tokens", default=0),
    )
    count = runs.filter(started_at__gte=since).count()
    left = "no budget" if budget is None else f"${max(budget - used['cost'], Decimal(0)):.2f} of ${budget:.2f} left"
    tokens = f"{used['read']:,} tokens read and {used['written']:,} written"
    return f"{words}: ${used['cost']:.4f} in {count} runs, {tokens}; {left}."
