"""At its ceiling a group waits; its chat hears of it once, and its admins before."""

import time
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from apps.agents.billing import budgets
from apps.agents.models import InstallationBudget, Run, Session
from apps.agents.runs.execution import execute
from apps.chats.models import Incident, Message
from apps.chats.services import create_group
from tests.agents.billing.support import limit, limit_all


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
