"""Runs that have spent something, and runs that are about to."""

from decimal import Decimal

import pytest
from django.utils import timezone

from apps.agents.billing.ledger import Ledger
from apps.agents.models import Run, Session
from tests.waiting import leave_midnight_behind


@pytest.fixture
def spend(group):
    """A run that has ended and cost this much."""
    leave_midnight_behind()

    def spent(usd, group=group, ended=None, **fields):
        session = Session.objects.get_or_create(group=group, key="group")[0]
        state = {"status": Run.Status.SUCCEEDED, "finished_at": ended or timezone.now(), "cause": Run.Cause.MESSAGE}
        return Run.objects.create(**{"session": session, "cost_usd": Decimal(usd), **state, **fields})

    return spent


@pytest.fixture
def ledger(group, spend):
    def begun(**fields):
        one = Ledger(spend("0", status=Run.Status.RUNNING, finished_at=None, **fields))
        one.begin()
        return one

    return begun
