"""What a group and all of them have spent, in a day and a month of its own time zone."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.agents.billing import budgets
from apps.agents.billing.ledger import Ledger
from apps.agents.models import Run, Session
from tests.agents.billing.support import limit


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the clock that budgets go by."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


def test_a_group_s_day_and_month_are_summed_in_its_own_time_zone(group, spend, now):
    group.timezone = "Asia/Shanghai"
    limit(group, daily_budget_usd="5", monthly_budget_usd="50")
    now(datetime(2026, 2, 28, 16, 30, tzinfo=UTC))  # 00:30 on the first of March there
    spend("1", ended=datetime(2026, 2, 28, 15, 59, tzinfo=UTC))
    spend("2", ended=datetime(2026, 2, 28, 16, 1, tzinfo=UTC))

    standing = budgets.standing(group)
    assert [standing.today, standing.month, standing.left] == [2, 2, 3]
    assert [ceiling.period for ceiling in standing.ceilings] == ["2026-03-01", "2026-03"]


def test_another_zone_is_still_in_the_old_month(group, spend, now):
    group.timezone = "America/New_York"
    now(datetime(2026, 3, 1, 4, 30, tzinfo=UTC))  # 23:30 on the last of February there
    spend("1", ended=datetime(2026, 2, 1, 4, 59, tzinfo=UTC))  # January's last minute there
    spend("2", ended=datetime(2026, 2, 1, 5, 1, tzinfo=UTC))
    spend("4", ended=datetime(2026, 3, 1, 4, 0, tzinfo=UTC))

    assert budgets.spent_by_group(group) == budgets.Spent(Decimal(4), Decimal(6))


def test_the_month_s_earlier_days_are_summed_once(group, spend, now, django_assert_num_queries):
    now(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    spend("1", ended=datetime(2026, 11, 3, tzinfo=UTC))
    spend("2", ended=datetime(2026, 11, 22, 9, tzinfo=UTC))
    assert budgets.spent_by_group(group) == budgets.Spent(Decimal(2), Decimal(3))

    spend("4", ended=datetime(2026, 11, 22, 10, tzinfo=UTC))
    with django_assert_num_queries(2):
        assert budgets.spent_by_group(group) == budgets.Spent(Decimal(6), Decimal(7))
    now(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    assert budgets.spent_by_group(group) == budgets.Spent(Decimal(0), Decimal(7))


def test_cents_that_add_up_to_the_ceiling_reach_it(group, spend):
    limit(group, daily_budget_usd="0.3")
    for _ in range(3):
        spend("0.1")

    assert budgets.exhausted(group) is not None


def test_what_a_running_run_has_spent_counts_already(group, spend):
    spend("1.5", status=Run.Status.RUNNING, finished_at=None)

    assert budgets.spent_by_group(group).today == Decimal("1.5")
    assert budgets.spent_by_installation().month == Decimal("1.5")


def test_what_a_deleted_group_has_spent_still_counts_for_all(group, spend, now):
    now(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    spend("1", ended=datetime(2026, 10, 31, 9, tzinfo=UTC))
    spend("2", ended=datetime(2026, 11, 3, 9, tzinfo=UTC))
    spend("4", ended=datetime(2026, 11, 22, 9, tzinfo=UTC))
    spend("8", ended=datetime(2026, 11, 22, 10, tzinfo=UTC))
    whole = budgets.Spent(Decimal(12), Decimal(14))
    assert budgets.spent_by_installation() == whole

    group.delete()

    assert not Run.objects.exists()
    assert budgets.spent_by_installation() == whole
    budgets.forget()
    assert budgets.spent_by_installation() == whole
    now(datetime(2026, 12, 1, 12, 0, tzinfo=UTC))
    assert budgets.spent_by_installation() == budgets.Spent(Decimal(0), Decimal(0))


def test_without_budgets_nothing_is_asked(group, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(budgets, "FRESH_S", 60.0)  # however slow the machine
    budgets.exhausted(group)  # reads the installation's limits, which are then known for seconds
    with django_assert_num_queries(0):
        assert budgets.exhausted(group) is None
        assert Ledger(Run(session=Session(group=group))).admit() == ""
