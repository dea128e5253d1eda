"""Runs that have spent something, and runs that are about to."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.agents.billing.ledger import Ledger
from apps.agents.models import Run, Session
from apps.chats.models import Group
from tests.waiting import leave_midnight_behind

Spend = Callable[..., Run]


@pytest.fixture
def spend(group: Group) -> Spend:
    """A run that has ended and cost this much."""
    leave_midnight_behind()

    def spent(usd: str, group: Group = group, ended: datetime | None = None, **fields: Any) -> Run:
        session = Session.objects.get_or_create(group=group, key="group")[0]
        state: dict[str, Any] = {
            "status": Run.Status.SUCCEEDED,
            "finished_at": ended or timezone.now(),
            "cause": Run.Cause.MESSAGE,
        }
        return Run.objects.create(**{"session": session, "cost_usd": Decimal(usd), **state, **fields})

    return spent


@pytest.fixture
def ledger(group: Group, spend: Spend) -> Callable[..., Ledger]:
    def begun(**fields: Any) -> Ledger:
        one = Ledger(spend("0", status=Run.Status.RUNNING, finished_at=None, **fields))
        one.begin()
        return one

    return begun
