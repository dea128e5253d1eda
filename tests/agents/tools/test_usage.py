"""What the group has spent, and what is left of its budgets."""

from decimal import Decimal

from apps.agents import services
from apps.agents.models import Run, RunUsage
from apps.agents.pricing import Usage
from apps.agents.toolkit import registry
from tests.agents.support import refused
from tests.waiting import leave_midnight_behind


def test_usage_counts_the_groups_own_runs_and_tells_what_is_left(run, group, foreign):
    leave_midnight_behind()
    group.daily_budget_usd = 2
    group.save()
    spend(run, "0.5")
    spend(services.request_run(foreign.group, chat=foreign, cause=Run.Cause.MESSAGE), "9")
    told = registry.call(run, "get_usage", {})
    assert "Today: US$ 0.5000 of 2.00." in told
    assert "Left of the daily budget of this group (US$ 2.00): US$ 1.50." in told
    assert "claude-x: 3 calls, 1,230 tokens read, 34 written this month." in told
    assert "may not look" in refused(run, "get_usage", group="office")


def spend(run: Run, cost: str) -> None:
    run.add_usage(Usage(cost_usd=Decimal(cost)), "claude-x")
    tokens = {"calls": 3, "input_tokens": 1200, "cache_read_tokens": 30, "output_tokens": 34}
    RunUsage.objects.create(run=run, provider="anthropic", model="claude-x", cost_usd=cost, **tokens)
