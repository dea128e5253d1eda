"""The real command line behind a provider with a price: ended at a ceiling, and counted whatever comes."""

import pytest
from pytest_django import Settings

from apps.agents.errors import LeaseLostError
from apps.agents.models import ModelProvider, Run, RunUsage
from apps.agents.runs import execution
from apps.agents.runs.execution import execute
from apps.chats.models import Group
from tests.agents.billing.support import limit
from tests.fakes.messages_api import Failure, MessagesApi, Text, ToolUse

PRICE = {"claude": {"input": 1000, "output": 1000}}  # a tenth of a cent a token: a call of 100 tokens costs 10 cents


@pytest.fixture
def priced(group: Group, claude: MessagesApi, settings: Settings) -> ModelProvider:
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


def _lose(*_: object) -> None:
    raise LeaseLostError("taken away")
