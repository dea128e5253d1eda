"""The installation's budget at the operator's desk."""

from decimal import Decimal

from django.utils import timezone

from apps.agents.billing import budgets
from apps.agents.models import InstallationBudget, Run, Session
from tests.waiting import leave_midnight_behind


def test_the_installation_s_budget_is_one_row(desk, group):
    leave_midnight_behind()
    session = Session.objects.create(group=group, key="group")
    Run.objects.create(session=session, cause="message", cost_usd=Decimal("1.5"), finished_at=timezone.now())
    page = desk.get("/admin/agents/installationbudget/", follow=True)
    assert "US$ 1.50 today" in page.text

    desk.post("/admin/agents/installationbudget/1/change/", {"daily_usd": "1", "monthly_usd": ""})

    assert InstallationBudget.objects.get().daily_usd == 1
    assert budgets.exhausted(group) is not None
    assert desk.get("/admin/agents/installationbudget/add/").status_code == 403
