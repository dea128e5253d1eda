"""A proxy that speaks the Messages API for another company's model: its usage, its words, and what it does not take."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from apps.agents.billing.ledger import Ledger
from apps.agents.gateway.gateway import Gateway
from apps.agents.models import ModelProvider, Run, RunUsage, Session
from apps.agents.providers import pool
from apps.agents.providers.probe import probe
from apps.agents.runs.execution import execute
from apps.chats.models import Group, Incident
from tests.agents.support import QUESTION, HeardLink, request, settle
from tests.fakes.litellm_proxy import BEHIND, KEY, MODEL, MOST_OUTPUT, UNTOLD, Answer, LiteLlm, Raw, Refusal

PRICES = {MODEL: {"input": 1, "output": 10, "cache_read": 0.1}}
WRONG_KEY = "The model refused: No connected db. Check the key of the provider litellm in the admin."
BUSY = Refusal(429, "litellm.RateLimitError", '{"error": {"message": "slow down"}}')


@pytest.fixture
def proxy() -> Iterator[LiteLlm]:
    with LiteLlm() as server:
        yield server


@pytest.fixture
def row(group: Group, proxy: LiteLlm) -> ModelProvider:
    """As docs/models.md says."""
    return ModelProvider.objects.create(
        name="litellm",
        base_url=proxy.url,
        key_kind="bearer",
        credentials={"key": KEY},
        model_names={"*": MODEL},
        max_output_tokens=MOST_OUTPUT,
        prices=PRICES,
    )


@pytest.fixture
def ask(group: Group, row: ModelProvider) -> Callable[..., Any]:
    """A model call as the agent sees it: status, body, error; and what it counted."""

    def asked(**more):
        pool.forget()
        pool.refresh()
        link: Any = HeardLink()
        ledger = Ledger(Run(session=Session(group=group)))
        gateway = Gateway(link, on_refusal=lambda _sentence: None, ledger=ledger)
        gateway.take(request("1", body=QUESTION | more))
        answer = link.ended("1")
        settle(gateway)
        return link, answer, ledger.total

    return asked


def test_a_turn_with_a_tool_is_carried_and_counted(row, say, replies, claude, proxy):
    proxy.script(Answer(tool="mcp__ngb__list_chats"), Answer("There is one chat."))
    run = say("which chats are there?")

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, replies()) == (Run.Status.SUCCEEDED, ["There is one chat."]), run.error
    usage = RunUsage.objects.get(run=run)
    assert (usage.provider, usage.model, usage.calls) == ("litellm", MODEL, 2)
    assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (400, 2000, 68)
    assert usage.cost_usd == Decimal("0.00128")


def test_more_output_than_the_model_gives_is_said_in_words_that_help(row, say, replies, claude, proxy):
    ModelProvider.objects.update(max_output_tokens=None)
    execute(say("hello").pk)

    assert "max_tokens is too large" in replies()[0]
    assert "Enter for the provider litellm in the admin how many output tokens it gives at most." in replies()[0]
    assert "\n" not in replies()[0]


def test_no_call_asks_for_more_output_than_the_provider_gives(ask, proxy):
    ask(max_tokens=128_000, thinking={"type": "enabled", "budget_tokens": 127_999})
    ask(max_tokens=1000, thinking={"type": "enabled", "budget_tokens": 999})
    ask(max_tokens=128_000, thinking={"type": "adaptive"})

    said = [(body["max_tokens"], body["thinking"].get("budget_tokens")) for body in proxy.bodies]
    assert said == [(MOST_OUTPUT, MOST_OUTPUT - 1), (1000, 999), (MOST_OUTPUT, None)]
    assert proxy.bodies[0]["messages"] == QUESTION["messages"]


# LiteLLM says nothing but zeros where the model behind it says nothing; claude-code-router always does.
@pytest.mark.parametrize("streamed", [True, False])
def test_words_that_nobody_counted_cost_something_all_the_same(ask, proxy, streamed):
    proxy.script(Answer("word " * 300, usage=UNTOLD))
    _link, (status, _body, _error), total = ask(stream=streamed)

    assert status == 200
    assert 490 <= total.output_tokens <= 520
    assert total.input_tokens > 0
    assert total.cost_usd > Decimal("0.0049")


def test_where_the_model_behind_it_is_no_agent_learns(ask):
    link, (status, _body, _error), _total = ask()

    assert status == 200
    assert BEHIND not in str(link.frames)
    assert link.frames[0]["headers"]["content-type"].startswith("text/event-stream")


def test_when_it_is_busy_the_next_one_is_asked(ask, row, proxy, api):
    ModelProvider.objects.create(name="next", order=20, base_url=api.url, credentials={"key": "x"})
    proxy.script(BUSY)
    _link, (status, _body, _error), _total = ask()

    assert (status, len(api.turns)) == (200, 1)
    assert api.requests[0].body["model"] == QUESTION["model"]  # the other one's names are not its own
    row.refresh_from_db()
    assert row.last_error.endswith(
        """Hosted_vllmException - {"error": {"message": "slow down"}}"""
        " LiteLLM: model group 'my-model' failed with the error above."
    )


def test_the_test_of_it_asks_for_no_fewer_tokens_than_such_models_give(row, proxy):
    assert probe(row, "claude-sonnet-5-5") == (True, "It answers: my-model.")
    assert proxy.bodies[0]["max_tokens"] == 16  # OpenAI's models refuse fewer

    proxy.script(Answer("Hi", usage=UNTOLD))
    worked, sentence = probe(row, "claude-sonnet-5-5")
    assert (worked, "It does not say what it used" in sentence) == (True, True)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"credentials": {"key": "sk-wrong"}}, WRONG_KEY),
        ({"model_names": {}}, "Invalid model name passed in model=claude-sonnet-5-5."),
        (
            {"base_url": "{url}/anthropic"},
            "is not there, or has no model claude-sonnet-5-5: The model refused: Not Found.",
        ),
    ],
)
def test_the_test_of_it_says_what_is_wrong(row, proxy, wrong, sentence):
    for name, value in wrong.items():
        setattr(row, name, value.format(url=proxy.url) if isinstance(value, str) else value)
    worked, said = probe(row, "claude-sonnet-5-5")

    assert not worked
    assert sentence in said


def test_a_wrong_key_ends_the_run_at_once_in_words_that_help(row, say, replies, claude):
    ModelProvider.objects.update(credentials={"key": "sk-wrong"})
    execute(say("hello").pk)

    assert replies() == [f"⚠️ I could not answer: {WRONG_KEY}"]
    assert Incident.objects.get(kind="failed run").sentence == WRONG_KEY
    row.refresh_from_db()
    assert row.failures < 3  # the command line would have gone on, in other words each time


def test_with_a_wrong_key_the_next_one_is_asked(ask, row, api):
    ModelProvider.objects.create(name="next", order=20, base_url=api.url, credentials={"key": "x"})
    ModelProvider.objects.filter(pk=row.pk).update(credentials={"key": "sk-wrong"})
    _link, (status, _body, _error), _total = ask()

    assert (status, len(api.turns)) == (200, 1)
    assert Incident.objects.get(kind="model provider", subject="litellm").sentence == WRONG_KEY


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "model \'x\' not found"}', "model 'x' not found"),
        (b'{"object": "error", "message": "too\\n\\nlong", "code": 400}', "too long"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"detail": [{"msg": "Field required"}]}', "HTTP 418"),
        (b'{"error": {"message": null}}', "HTTP 418"),
        (b"Invalid API key\n", "Invalid API key"),
        (b"", "HTTP 418"),
        (b'["no"]', "HTTP 418"),
        (b"<h1>Teapot</h1>", "HTTP 418"),
    ],
)
def test_an_error_s_words_are_found_in_other_forms_too(row, proxy, body, words):
    proxy.script(Raw(418, body))

    assert probe(row, "m") == (False, f"The model refused: {words}.")
