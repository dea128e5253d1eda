"""At its ceiling a group waits; its chat hears of it once, and its admins before."""

import threading
import time
from datetime import timedelta
from decimal import Decimal

from django.db import connections
from django.utils import timezone

from apps.agents.billing import budgets, notices
from apps.agents.billing.budgets import Ceiling
from apps.agents.billing.ledger import Ledger
from apps.agents.models import BudgetNotice, InstallationBudget, Run, Session
from apps.agents.runs.execution import execute
from apps.chats.models import Incident, Message
from apps.chats.services import create_group, web_chat
from tests.agents.billing.support import limit, limit_all


def test_without_budgets_nothing_is_asked(group, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(budgets, "FRESH_S", 60.0)  # however slow the machine
    budgets.exhausted(group)  # reads the installation's limits, which are then known for seconds
    with django_assert_num_queries(0):
        assert budgets.exhausted(group) is None
        assert Ledger(Run(session=Session(group=group))).admit() == ""


def test_a_budget_of_all_that_was_set_just_now_holds_the_run_at_its_first_call(group, spend, ledger):
    assert budgets.exhausted(group) is None
    InstallationBudget.objects.create(pk=1, daily_usd=0)
    budgets._remembered = (time.monotonic() - budgets.FRESH_S, (None, None))

    assert "whole installation" in ledger().admit()
    assert budgets.exhausted(group) is not None


def test_at_its_daily_budget_the_group_stops_and_the_chat_is_told_once(group, spend, say, replies):
    limit(group, daily_budget_usd="5")
    spend("5")
    run = say("hello")
    execute(run.pk)
    Run.objects.filter(pk=run.pk).update(not_before=timezone.now())
    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.QUEUED, 0)
    assert len(replies()) == 1
    assert "The daily budget of this group (US$ 5.00) is spent. An admin can raise it" in replies()[0]
    assert run.error in replies()[0]
    assert Incident.objects.filter(kind="budget").count() == 1


def test_raised_the_budget_lets_what_was_asked_be_answered(group, spend, say, replies):
    limit(group, daily_budget_usd="5")
    spend("5")
    run = say("echo first")
    execute(run.pk)
    assert say("echo second").pk == run.pk

    limit(group, daily_budget_usd="6")
    Run.objects.filter(pk=run.pk).update(not_before=timezone.now())
    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.error) == (Run.Status.SUCCEEDED, "")
    assert "second" in replies()[1]


def test_after_a_day_a_message_waits_no_more(group, spend, say, replies):
    limit(group, daily_budget_usd="0")
    run = say("hello")
    execute(run.pk)
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(days=2), not_before=timezone.now())

    execute(run.pk)

    run.refresh_from_db()
    assert run.status == Run.Status.FAILED
    assert replies()[1].startswith("⚠️ I could not answer: The daily budget")
    assert not Message.objects.unhandled(run.chat, "").exists()


def test_a_scheduled_run_fails_at_once_and_the_chat_is_told_once(group, chat, spend, replies):
    limit(group, monthly_budget_usd="5")
    spend("7")
    session = Session.objects.get(group=group)
    for _ in range(2):
        run = Run.objects.create(session=session, chat=chat, cause=Run.Cause.SCHEDULE, prompt="look")
        execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.error.startswith("The monthly budget")) == (Run.Status.FAILED, True)
    assert len(replies()) == 1


def test_the_installation_s_budget_holds_every_group(group, spend, say, replies):
    other = create_group(folder="other")
    limit_all(daily_usd=Decimal(3))
    spend("3", group=other)

    execute(say("hello").pk)

    assert len(replies()) == 1
    assert replies()[0].startswith("⚠️ The daily budget of the whole installation is spent. An admin can raise it;")


def test_another_group_s_spending_does_not_hold_this_one(group, spend, say, replies):
    limit(group, daily_budget_usd="3")
    spend("9", group=create_group(folder="other"))

    execute(say("echo hello").pk)

    assert "hello" in replies()[0]


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
