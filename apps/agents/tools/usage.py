"""What the group has used, and what it may still spend."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum
from django.utils import timezone
from pydantic import BaseModel, Field

from apps.agents.billing import budgets
from apps.agents.models import Run, RunUsage
from apps.agents.toolkit.registry import tool
from apps.agents.tools.targets import GROUP, group_named
from apps.chats.models import Group

MOST_MODELS = 20


class GetUsage(BaseModel):
    group: str = Field(default="", max_length=64, description=GROUP)


@tool(
    "get_usage",
    "Tell what this group has spent on the model today and this month, and what its budgets leave.",
    GetUsage,
)
def get_usage(run: Run, given: GetUsage) -> str:
    group = group_named(run, given.group)
    now = budgets.standing(group)
    lines = [
        f"Today: US$ {now.today:.4f}{_of(now.daily_limit)}.",
        f"This month: US$ {now.month:.4f}{_of(now.monthly_limit)}.",
        # The installation's figures are nothing for a group's chat.
        *(f"Left of the {each.name}: US$ {max(each.left, Decimal(0)):.2f}." for each in now.ceilings if each.group),
        *(each.sentence for each in now.ceilings if not each.group and each.is_spent),
        *_by_model(group),
    ]
    return "\n".join(lines)


def _of(limit: Decimal | None) -> str:
    return " (no budget)" if limit is None else f" of {limit:.2f}"


def _by_model(group: Group) -> list[str]:
    """Of this month; what a turn in progress uses is seen some seconds later."""
    now = timezone.now().astimezone(ZoneInfo(group.timezone))
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    of_month = Q(run__finished_at__gte=month) | Q(run__finished_at__isnull=True)
    used = RunUsage.objects.filter(of_month, run__session__group=group).values("model").order_by("model")
    sums = used.annotate(
        calls_made=Sum("calls"),
        read=Sum("input_tokens") + Sum("cache_read_tokens") + Sum("cache_write_tokens"),
        written=Sum("output_tokens"),
    )
    line = "{model}: {calls_made:,} calls, {read:,} tokens read, {written:,} written this month."
    return [line.format(**row) for row in sums[:MOST_MODELS]]
