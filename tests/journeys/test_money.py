"""Providers and budgets while the service runs: nothing is restarted, and nothing is lost when the money is spent."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.agents.providers.pool import FRESH_S
from tests.fakes.messages_api import Failure, MessagesApi, Text
from tests.fakes.telegram_api import TelegramApi
from tests.journeys.service import Service, wait_until
from tests.journeys.support import serving_a_team
from tests.waiting import leave_midnight_behind

pytestmark = pytest.mark.journey

FIRST_KEY, SECOND_KEY = "sk-of-the-first-provider", "sk-of-the-second-provider"


@pytest.fixture
def keyless(tmp_path: Path, telegram: TelegramApi) -> Iterator[Service]:
    """Without a key, without Docker: the demo answers the one group."""
    pytest.importorskip("claude_agent_sdk", reason="skipped because the Claude Agent SDK is missing")
    with serving_a_team(tmp_path, telegram, AGENT_RUNTIME="process") as one:
        yield one


def add_providers(service: Service, *providers: tuple[str, str]) -> None:
    rows = "".join(
        f"ModelProvider.objects.create(name='{number}', order={number}, base_url='{url}',"
        f" credentials={{'key': '{key}'}}, prices={{'claude': {{'input': 1000, 'output': 1000}}}});"
        for number, (url, key) in enumerate(providers, start=1)
    )
    service.manage("shell", "--no-imports", "-c", f"from apps.agents.models import ModelProvider; {rows}")


def set_budget(service: Service, usd: str) -> None:
    change = f"Group.objects.filter(folder='team').update(daily_budget_usd='{usd}')"
    service.manage("shell", "--no-imports", "-c", f"from apps.chats.models import Group; {change}")


def let_the_half_minute_pass(service: Service) -> None:
    """After which a run that waits for money looks again."""
    passed = "Run.objects.filter(status='queued').update(not_before=timezone.now(), woken_at=None); sweep()"
    names = "from django.utils import timezone; from apps.agents.models import Run; from apps.agents.tasks import sweep"
    service.manage("shell", "--no-imports", "-c", f"{names}; {passed}")


def test_providers_and_budgets_take_effect_while_it_runs(
    keyless: Service, telegram: TelegramApi, model: MessagesApi
) -> None:
    leave_midnight_behind(60)
    telegram.say("echo one")
    wait_until(lambda: telegram.sent, 60)
    with MessagesApi() as full:
        full.answer = lambda _request: Failure(529, "we are full")
        add_providers(keyless, (full.url, FIRST_KEY), (model.url, SECOND_KEY))
        time.sleep(FRESH_S + 0.5)
        model.script(Text("Claude is here."), Text("Never said."))
        telegram.say("who are you?")
        wait_until(lambda: len(telegram.sent) == 2, 60)
        assert telegram.sent[1].parameters["text"] == "Claude is here."
        assert full.turns[0].headers["x-api-key"] == FIRST_KEY
        assert model.turns[0].headers["x-api-key"] == SECOND_KEY

    usage = keyless.rows("list(RunUsage.objects.values('provider', 'calls', 'cost_usd', 'model'))")
    assert {row["provider"] for row in usage} == {"2"}
    assert sum(float(row["cost_usd"]) for row in usage) > 0

    set_budget(keyless, "0.01")
    telegram.say("and now?")
    telegram.say("and now??")
    wait_until(lambda: len(telegram.sent) == 3, 60)
    assert "The daily budget of this group (US$ 0.01) is spent." in telegram.sent[2].parameters["text"]
    time.sleep(3)
    assert len(telegram.sent) == 3
    model.answer = lambda _request: Text("There is money again.")
    set_budget(keyless, "100")
    let_the_half_minute_pass(keyless)
    wait_until(lambda: len(telegram.sent) == 4, 60)
    assert telegram.sent[3].parameters["text"] == "There is money again."
    assert "and now??" in str(model.turns[-1].body["messages"])
    assert not any(key in keyless.log for key in (FIRST_KEY, SECOND_KEY))
