"""The next call of a run that has reached a ceiling is refused; what calls cost is kept."""

from decimal import Decimal

import pytest
from django.db import OperationalError, connection

from apps.agents.billing import budgets
from apps.agents.billing.ledger import Ledger
from apps.agents.models import Run, RunUsage, Session
from apps.agents.pricing import Usage
from apps.chats.models import Incident
from tests.agents.billing.support import book, limit, limit_all


def test_a_group_that_is_deleted_during_its_run_breaks_nothing_and_is_counted(group, ledger):
    running = ledger()
    book(running, "1")
    running.write()
    book(running, "2")
    group.delete()

    running.close()

    assert budgets.spent_by_installation().today == Decimal(3)


def test_within_a_run_the_next_call_is_refused(group, ledger):
    limit(group, daily_budget_usd="1")
    one = ledger()
    assert one.admit() == ""
    book(one, "1.01")
    one.ended()

    assert one.admit().startswith("The daily budget of this group")


def test_another_run_s_calls_are_seen_within_seconds(group, ledger, monkeypatch):
    monkeypatch.setattr("apps.agents.billing.ledger.EVERY", 0)
    monkeypatch.setattr("apps.agents.billing.ledger.SETTLED", 0)
    limit_all(daily_usd=Decimal(1))
    mine, theirs = ledger(), Ledger(Run.objects.create(session=Session.objects.create(group=group, key="b"), cause="x"))
    book(theirs, "1.2")
    assert mine.admit() == ""

    theirs.keep()
    mine.keep()

    assert "whole installation" in mine.admit()


def test_a_run_that_never_pauses_is_seen_all_the_same(ledger):
    one = ledger()
    one._looked_at -= 4
    book(one, "1")
    one.keep()
    assert budgets.spent_by_installation().today == 0  # its answer may just be on its way

    one._looked_at -= 4
    one.keep()
    assert budgets.spent_by_installation().today == 1


def test_a_budget_raised_during_the_run_lets_it_go_on(group, ledger, monkeypatch):
    monkeypatch.setattr("apps.agents.billing.ledger.EVERY", 0)
    monkeypatch.setattr("apps.agents.billing.ledger.SETTLED", 0)
    limit(group, daily_budget_usd="1")
    one = ledger()
    book(one, "1.2")
    assert one.admit()

    type(group).objects.update(daily_budget_usd=2)
    one.keep()
    assert one.admit() == ""


def test_one_run_has_ceilings_of_its_own(group, ledger):
    limit(group, run_budget_usd="0.50", max_turns=3)
    one = ledger()
    book(one, "0.51")
    assert one.admit() == "The run has spent US$ 0.51; one run of this group may spend 0.50."

    limit(group, run_budget_usd="9")
    other = ledger(session=Session.objects.create(group=group, key="c"))
    other._group = group
    assert [other.admit() for _ in range(4)] == [
        "",
        "",
        "",
        "The run has made the 3 model calls that one run may make.",
    ]


def test_earlier_attempts_count_against_the_run_s_ceiling(group, ledger):
    limit(group, max_turns=2)
    one = ledger()
    book(one, "1")
    book(one, "1")
    one.close()

    again = Run.objects.select_related("session__group").get(pk=one.run.pk)
    again.begun_before = True
    assert "2 model calls" in Ledger(again).admit()


def test_usage_is_kept_by_provider_and_model_and_in_the_run(ledger):
    one = ledger()
    book(one, "0.1", "a", "x")
    book(one, "0.2", "a", "x")
    book(one, "0.4", "b", "y")
    one.close()
    book(one, "0.8", "b", "y")  # it was still on its way when the run ended

    rows = RunUsage.objects.order_by("provider").values_list("provider", "model", "calls", "input_tokens", "cost_usd")
    assert list(rows) == [("a", "x", 2, 14, Decimal("0.3")), ("b", "y", 2, 14, Decimal("1.2"))]
    one.run.refresh_from_db()
    assert (one.run.input_tokens, one.run.output_tokens, one.run.cost_usd) == (28, 12, Decimal("1.5"))


def test_what_the_database_refused_is_written_the_next_time(ledger):
    def refuse(*_):
        raise OperationalError("database is locked")

    one = ledger()
    book(one, "0.1")
    with connection.execute_wrapper(refuse), pytest.raises(OperationalError):
        one.write()
    book(one, "0.2")
    one.close()

    row = RunUsage.objects.get()
    assert (row.calls, row.input_tokens, row.cost_usd) == (2, 14, Decimal("0.3"))


def test_a_missing_price_is_said_once(ledger):
    one = ledger()
    for _ in range(2):
        one.book("p", "unheard-of", Usage(input_tokens=7), is_priced=False)
        one.keep()
    one.close()

    assert Incident.objects.get(kind="unknown price").times == 1
