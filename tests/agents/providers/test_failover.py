"""Model calls over several providers: who is asked next, and what the agent hears of it."""

import json
import logging
import time
from decimal import Decimal

import pytest

from apps.agents.models import ModelProvider
from apps.chats.models import Incident
from tests.agents.providers.support import FIRST_KEY, SECOND_KEY
from tests.agents.support import QUESTION
from tests.fakes.messages_api import BrokenStream, Failure, Hang, Text


def said(body: bytes) -> str:
    return str(json.loads(body)["error"]["message"])


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_provider_that_fails_gives_way_to_the_next(ask, first, second, api, other, status):
    api.script(Failure(status))

    assert ask()[0] == 200
    assert (len(api.turns), len(other.turns)) == (1, 1)
    first.refresh_from_db()
    assert first.failures == 1


def test_one_that_cannot_be_reached_gives_way(ask, first, second, other):
    ModelProvider.objects.filter(pk=first.pk).update(base_url="http://127.0.0.1:9")

    assert ask()[0] == 200
    first.refresh_from_db()
    assert "cannot be reached" in first.last_error


def test_one_that_does_not_begin_in_time_gives_way(ask, first, second, api, other, settings):
    settings.AGENT_FIRST_BYTE_TIMEOUT = 0.5
    api.answer = lambda _request: Hang(20)
    began = time.monotonic()

    assert ask()[0] == 200
    assert time.monotonic() - began < 15
    assert len(other.turns) == 1


def test_a_slow_answer_that_has_begun_is_not_cut(ask, first, second, api, other, settings):
    settings.AGENT_FIRST_BYTE_TIMEOUT = 0.5
    for _ in range(3):  # where the machine stalls, it may not even begin in time
        api.script(Text("one two", pieces=2, delay=0.8))
        other.requests.clear()
        status, body, error = ask()
        if not other.turns:
            break
    assert (status, error, other.turns) == (200, None, [])
    assert b"message_stop" in body


def test_nothing_is_asked_again_after_the_first_byte(ask, first, second, api, other):
    api.script(BrokenStream())

    assert ask()[0] == 200
    assert other.turns == []


def test_the_agents_own_mistake_is_not_carried_further(ask, first, second, api, other):
    api.script(Failure(400, "no such parameter"))

    status, body, _ = ask()
    assert (status, said(body), other.turns) == (400, "no such parameter", [])


def test_when_all_fail_the_last_error_goes_on_intact(ask, first, second, api, other):
    api.script(Failure(529, "the first is full"))
    other.script(Failure(429, "slow down", headers={"retry-after": "7"}))

    status, body, _ = ask()
    assert (status, said(body)) == (429, "slow down")
    assert ask.link.frames[0]["headers"]["retry-after"] == "7"


def test_an_error_that_was_said_is_better_than_none(ask, first, second, api):
    api.script(Failure(529, "the first is full"))
    ModelProvider.objects.filter(pk=second.pk).update(base_url="http://127.0.0.1:9")

    status, body, _ = ask()
    assert (status, said(body)) == (529, "the first is full")


def test_a_refused_key_is_an_incident_and_the_next_one_is_asked(ask, first, second, api, other):
    api.script(Failure(401, f"invalid x-api-key {FIRST_KEY}"))

    assert ask()[0] == 200
    assert ask.refusals == []
    sentence = Incident.objects.get(kind="model provider", subject="first").sentence
    assert "Check the key of the provider first in the admin" in sentence
    assert FIRST_KEY not in sentence


def test_without_credit_the_next_one_is_asked(ask, first, second, api, other):
    api.script(Failure(400, "Your credit balance is too low to access the Anthropic API."))

    assert ask()[0] == 200
    assert Incident.objects.filter(subject="first").exists()


def test_an_agent_that_has_its_own_words_said_back_to_it_puts_no_provider_to_rest(ask, first, second, api, other):
    api.script(*[Failure(400, "Input tag 'credit balance is too low' does not match.")] * 3)
    other.answer = lambda _request: Failure(400, "Input tag 'credit balance is too low' does not match.")
    for _ in range(3):
        assert ask(body=QUESTION | {"tools": [{"type": "credit balance is too low"}]})[0] == 400

    assert (len(api.turns), len(other.turns)) == (3, 3)
    first.refresh_from_db()
    assert (first.failures, first.is_resting, Incident.objects.count()) == (0, False, 0)


def test_without_credit_the_next_one_is_asked_also_where_people_talk_about_it(ask, first, second, api, other):
    said = "Your credit balance is too low to access the API."
    api.script(Failure(400, said))

    assert ask(body=QUESTION | {"messages": [{"role": "user", "content": f"What does “{said}” mean?"}]})[0] == 200
    assert (len(api.turns), len(other.turns)) == (1, 1)


def test_the_only_provider_s_refusal_ends_the_run(ask, first, api):
    api.script(Failure(403, "not allowed"))

    assert ask()[0] == 403
    assert len(ask.refusals) == 1
    assert "not allowed" in ask.refusals[0]


def test_an_endpoint_that_only_cannot_count_tokens_is_not_held_to_fail(ask, first, second, api, other):
    ModelProvider.objects.filter(pk=first.pk).update(base_url="http://127.0.0.1:9")
    for _ in range(3):
        assert ask(path="/v1/messages/count_tokens")[0] == 200

    first.refresh_from_db()
    assert first.failures == 0


@pytest.mark.parametrize(("names", "called"), [({"*": "mine"}, "mine"), ({"claude-haiku-9": "small"}, None)])
def test_all_other_models_may_have_one_name(ask, first, api, names, called):
    ModelProvider.objects.filter(pk=first.pk).update(model_names=names)
    ask()
    assert api.requests[0].body["model"] == (called or QUESTION["model"])


def test_a_model_is_called_by_the_provider_s_name(ask, first, second, api, other):
    ModelProvider.objects.filter(pk=first.pk).update(model_names={"claude-sonnet-4-5": "anthropic/claude-sonnet-4.5"})
    api.script(Failure(529))

    ask()

    assert api.requests[0].body["model"] == "anthropic/claude-sonnet-4.5"
    assert other.requests[0].body["model"] == "claude-sonnet-4-5"
    assert api.requests[0].body | {"model": ""} == QUESTION | {"model": ""}


def test_what_a_provider_s_call_costs_is_told_by_its_prices(ask, first, api):
    ModelProvider.objects.update(prices={"claude": {"input": 1000, "output": 2000}})
    api.script(Text("hi", input_tokens=10, output_tokens=5))

    ask()

    assert ask.ledger.total.cost_usd == Decimal("0.02")


@pytest.mark.parametrize("value", ["a\r\nx-api-key: mine", "ü", "a\0b", "a" * 100_000])
def test_a_header_that_cannot_be_sent_is_left_out_and_no_failure_of_the_provider(ask, first, api, value):
    assert ask(headers={"user-agent": value})[0] == 200
    assert api.requests[0].headers["x-api-key"] == FIRST_KEY
    first.refresh_from_db()
    assert first.failures == 0


def test_counting_tokens_is_free(ask, first, api):
    assert ask(path="/v1/messages/count_tokens?beta=true")[0] == 200
    assert (ask.ledger.total.input_tokens, ask.ledger.total.cost_usd) == (0, 0)


def test_the_key_reaches_no_agent_and_no_log(ask, first, second, api, other, caplog):
    caplog.set_level(logging.DEBUG)
    api.script(Failure(529, f"the key {FIRST_KEY} is busy"), Text(f"Your key is {FIRST_KEY}, is it not?", pieces=1))
    other.script(Failure(500, f"{SECOND_KEY} fails", headers={"x-echo": SECOND_KEY}))
    ask()
    ask()

    seen = str(ask.link.frames) + caplog.text + "".join(Incident.objects.values_list("sentence", flat=True))
    seen += "".join(ModelProvider.objects.values_list("last_error", flat=True))
    assert "is busy" in seen
    assert FIRST_KEY not in seen
    assert SECOND_KEY not in seen
