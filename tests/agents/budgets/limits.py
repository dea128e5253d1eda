"""Ceilings for a group and for all of them, and calls that cost."""

from decimal import Decimal

from apps.agents.billing import budgets
from apps.agents.models import InstallationBudget
from apps.agents.pricing import Usage


def limit(group, **fields):
    for name, usd in fields.items():
        setattr(group, name, usd if isinstance(usd, int) else Decimal(usd))
    group.save()


def limit_all(**fields):
    InstallationBudget.objects.update_or_create(pk=1, defaults=fields)
    budgets.forget()


def book(ledger, usd, provider="p", model="m"):
    ledger.book(provider, model, Usage(input_tokens=7, output_tokens=3, cost_usd=Decimal(usd)), is_priced=True)
