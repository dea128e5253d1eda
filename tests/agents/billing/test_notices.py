"""Admins are warned once in a period, before the money is spent."""

import threading
from decimal import Decimal

from django.db import connections

from apps.agents.billing import budgets, notices
from apps.agents.billing.budgets import Ceiling
from apps.agents.models import BudgetNotice
from apps.chats.models import Incident, Message
from apps.chats.services import create_group, web_chat
from tests.agents.billing.support import limit


def test_the_admins_are_warned_once_however_many_runs_find_out(group, chat, spend, replies):
    limit(group, daily_budget_usd="10")
    run = spend("8", chat=chat)
    barrier = threading.Barrier(4)

    def find_out():
        found = budgets.ceilings(group)
        barrier.wait()
        notices.warn_if_near(run, found)
        connections.close_all()

    threads = [threading.Thread(target=find_out) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(replies()) == 1
    assert replies()[0].startswith("⚠️ For the admins: 80% of the daily budget of this group (US$ 10.00) is spent.")
    assert BudgetNotice.objects.count() == Incident.objects.filter(kind="budget").count() == 1


def test_nobody_is_warned_below_four_fifths_and_anew_on_the_next_day(group, chat, spend, replies):
    run = spend("1", chat=chat)
    day = Ceiling(group.pk, "daily", "2026-11-21", Decimal(10), Decimal("7.99"))
    notices.warn_if_near(run, [day])
    assert replies() == []

    for period in ("2026-11-21", "2026-11-22"):
        notices.warn_if_near(run, [Ceiling(group.pk, "daily", period, Decimal(10), Decimal(8))])
    assert len(replies()) == 2


def test_the_installation_s_warning_goes_to_the_main_group(group, chat, spend, replies):
    main = web_chat(create_group(folder="main", is_main=True))
    run = spend("8", chat=chat)
    notices.warn_if_near(run, [Ceiling(None, "monthly", "2026-11", Decimal(10), Decimal(8))])

    assert replies() == []
    assert "whole installation" in Message.objects.outbound().get(chat=main).text
