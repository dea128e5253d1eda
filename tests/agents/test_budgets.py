"""Money has a ceiling: before a run, within it, for a group and for all of them, and people hear of it once."""

import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone

from apps.agents import budget_notices, budgets, execution
from apps.agents.budgets import Ceiling
from apps.agents.errors import LeaseLostError
from apps.agents.execution import execute
from apps.agents.models import BudgetNotice, InstallationBudget, ModelProvider, Run, RunUsage, Session
from apps.agents.pricing import Usage
from apps.agents.spending import Ledger
from apps.chats.models import Incident, Message
from apps.chats.services import create_group, web_chat
from tests.fakes.messages_api import Failure, Text, ToolUse

PRICE = {"claude": {"input": 1000, "output": 1000}}  # a tenth of a cent a token: a call of 100 tokens costs 10 cents


@pytest.fixture
def spend(group):
    """A run that has ended and cost this much."""

    def spent(usd, group=group, ended=None, **fields):
        session = Session.objects.get_or_create(group=group, key="group")[0]
        state = {"status": Run.Status.SUCCEEDED, "finished_at": ended or timezone.now(), "cause": Run.Cause.MESSAGE}
        return Run.objects.create(**{"session": session, "cost_usd": Decimal(usd), **state, **fields})

    return spent


@pytest.fixture
def now(monkeypatch):
    """Sets the clock that budgets go by."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


def limit(group, **fields):
    for name, usd in fields.items():
        setattr(group, name, usd if isinstance(usd, int) else Decimal(usd))
    group.save()


def limit_all(**fields):
    InstallationBudget.objects.update_or_create(pk=1, defaults=fields)
    budgets.forget()


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


def test_without_budgets_nothing_is_asked(group, django_assert_num_queries):
    budgets.exhausted(group)  # reads the installation's limits, which are then known for seconds
    with django_assert_num_queries(0):
        assert budgets.exhausted(group) is None
        assert Ledger(Run(session=Session(group=group))).admit() == ""


def test_a_budget_of_all_that_was_set_just_now_holds_the_run_at_its_first_call(group, spend, ledger):
    assert budgets.exhausted(group) is None
    InstallationBudget.objects.create(daily_usd=0)
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
        budget_notices.warn_if_near(run, found)
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
    budget_notices.warn_if_near(run, [day])
    assert replies() == []

    for period in ("2026-11-21", "2026-11-22"):
        budget_notices.warn_if_near(run, [Ceiling(group.pk, "daily", period, Decimal(10), Decimal(8))])
    assert len(replies()) == 2


def test_the_installation_s_warning_goes_to_the_main_group(group, chat, spend, replies):
    main = web_chat(create_group(folder="main", is_main=True))
    run = spend("8", chat=chat)
    budget_notices.warn_if_near(run, [Ceiling(None, "monthly", "2026-11", Decimal(10), Decimal(8))])

    assert replies() == []
    assert "whole installation" in Message.objects.outbound().get(chat=main).text


@pytest.fixture
def ledger(group, spend):
    def begun(**fields):
        one = Ledger(spend("0", status=Run.Status.RUNNING, finished_at=None, **fields))
        one.begin()
        return one

    return begun


def book(ledger, usd, provider="p", model="m"):
    ledger.book(provider, model, Usage(input_tokens=7, output_tokens=3, cost_usd=Decimal(usd)), is_priced=True)


def test_a_group_that_is_deleted_during_its_run_breaks_nothing_and_is_counted(group, ledger):
    running = ledger()
    book(running, "1")
    running._write()
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
    monkeypatch.setattr("apps.agents.spending.EVERY", 0)
    monkeypatch.setattr("apps.agents.spending.SETTLED", 0)
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
    monkeypatch.setattr("apps.agents.spending.EVERY", 0)
    monkeypatch.setattr("apps.agents.spending.SETTLED", 0)
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


def test_a_missing_price_is_said_once(ledger):
    one = ledger()
    for _ in range(2):
        one.book("p", "unheard-of", Usage(input_tokens=7), is_priced=False)
        one.keep()
    one.close()

    assert Incident.objects.get(kind="unknown price").times == 1


@pytest.fixture
def priced(group, claude, settings):
    """The real command line behind a provider with a price."""
    return ModelProvider.objects.create(
        name="stub", base_url=claude.url, credentials={"key": "sk-of-the-row"}, prices=PRICE
    )


def test_a_run_in_progress_ends_at_its_next_model_call(group, say, replies, claude, priced):
    limit(group, run_budget_usd="0.01")
    claude.script(ToolUse("mcp__ngb__list_chats", {}), Text("never said"))
    run = say("work")

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.FAILED, 1)
    assert len(replies()) == 1
    assert replies()[0].startswith("⚠️ I could not answer: The run has spent US$ ")
    assert len(claude.turns) == 1


def test_a_chat_that_saw_its_run_end_is_not_told_again(group, say, replies, claude, priced):
    limit(group, daily_budget_usd="0.01")
    claude.script(ToolUse("mcp__ngb__list_chats", {}), Text("never said"))
    execute(say("work").pk)
    execute(say("more work").pk)

    assert len(replies()) == 1
    assert replies()[0].startswith("⚠️ I could not answer: The daily budget of this group (US$ 0.01) is spent.")


def test_failed_runs_are_counted_too(group, say, claude, priced):
    claude.script(ToolUse("mcp__ngb__list_chats", {}), *[Failure(400, "no")] * 9)
    run = say("work")

    execute(run.pk)

    run.refresh_from_db()
    assert run.status == Run.Status.FAILED, run.error
    usage = RunUsage.objects.get(run=run, provider="stub", model="claude-sonnet-5-5")
    assert (usage.calls, usage.input_tokens) == (1, 10)
    assert run.cost_usd > 0
    assert claude.requests[0].headers["x-api-key"] == "sk-of-the-row"


def test_a_run_whose_lease_was_lost_is_counted(group, say, claude, priced, monkeypatch):
    run = say("work")
    monkeypatch.setattr(execution, "_succeed", _lose)

    execute(run.pk)

    assert RunUsage.objects.get(run=run, provider="stub", model="claude-sonnet-5-5").calls == 1


def _lose(*_):
    raise LeaseLostError("taken away")
