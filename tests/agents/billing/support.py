"""Ceilings for a group and for all of them, and calls that cost."""

from decimal import Decimal
from typing import Any

from apps.agents.billing import budgets
from apps.agents.billing.ledger import Ledger
from apps.agents.models import InstallationBudget
from apps.agents.pricing import Usage
from apps.chats.models import Group


def limit(group: Group, **fields: Any) -> None:
    for name, usd in fields.items():
        setattr(group, name, usd if isinstance(usd, int) else Decimal(usd))
    group.save()


def limit_all(**fields: Any) -> None:
    InstallationBudget.objects.update_or_create(pk=1, defaults=fields)
    budgets.forget()


def book(ledger: Ledger, usd: str, provider: str = "p", model: str = "m") -> None:
    ledger.book(provider, model, Usage(input_tokens=7, output_tokens=3, cost_usd=Decimal(usd)), is_priced=True)
