"""Model calls over several providers: who is asked, who is left alone, and what the agent hears of it."""

import json
import logging
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.agents.billing.ledger import Ledger
from apps.agents.gateway.gateway import Gateway
from apps.agents.models import ModelProvider, Run, Session
from apps.agents.providers import pool
from apps.agents.sandbox.selection import chosen_agent
from apps.chats.models import Incident
from tests.agents.support import QUESTION, HeardLink, request, settle
from tests.fakes.messages_api import BrokenStream, Failure, Hang, MessagesApi, Text

FIRST_KEY, SECOND_KEY = "sk-first-of-the-keys", "sk-second-of-the-keys"


@pytest.fixture
def other():
    with MessagesApi() as server:
        yield server


@pytest.fixture
def first(group, api):
    return ModelProvider.objects.create(name="first", order=1, base_url=api.url, credentials={"key": FIRST_KEY})


@pytest.fixture
def second(group, other):
    return ModelProvider.objects.create(name="second", order=2, base_url=other.url, credentials={"key": SECOND_KEY})


class Asking:
    """Model calls as the agent sees them: status, body, error."""

    def __init__(self, group, link, refusals):
        self.group, self.link, self.refusals = group, link, refusals
        self.ledger = Ledger(Run(session=Session(group=group)))
        self.gateway = Gateway(self.link, on_refusal=refusals.append, ledger=self.ledger, asked=self._providers)

    def __call__(self, **fields):
        pool.forget()
        pool.refresh()
        call_id = str(len(self.link.frames))
        self.gateway.take(request(call_id, **fields))
        answer = self.link.ended(call_id)
        settle(self.gateway)
        return answer

    def _providers(self):
        return pool.candidates(self.group.provider_id)


@pytest.fixture
def ask(group):
    return Asking(group, HeardLink(), [])


def said(body):
    return json.loads(body)["error"]["message"]


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


def test_three_failures_in_a_row_are_a_rest_and_a_success_ends_all(ask, first, second, api, other):
    api.script(Failure(500), Failure(500), Failure(500))
    for _ in range(5):
        assert ask()[0] == 200

    assert len(api.turns) == 3  # then it rests
    first.refresh_from_db()
    assert first.is_resting
    assert Incident.objects.filter(subject="first", sentence__contains="rests for 5 minutes").count() == 1

    ModelProvider.objects.update(resting_until=timezone.now() - timedelta(seconds=1))
    assert ask()[0] == 200
    assert len(api.turns) == 4
    first.refresh_from_db()
    assert (first.failures, first.resting_until, first.last_error) == (0, None, "")


def test_one_failure_after_the_rest_begins_another(ask, first, second, api):
    past = timezone.now() - timedelta(seconds=1)
    ModelProvider.objects.filter(pk=first.pk).update(failures=3, resting_until=past)
    api.script(Failure(500))

    ask()

    first.refresh_from_db()
    assert first.is_resting


def test_two_failures_and_a_success_are_no_rest(ask, first, second, api):
    api.script(Failure(500), Failure(500), Text("back"), Failure(500))
    for _ in range(4):
        ask()

    first.refresh_from_db()
    assert (first.failures, first.is_resting) == (1, False)


def test_when_all_rest_one_is_asked_all_the_same(ask, first, second, api, other):
    now = timezone.now()
    ModelProvider.objects.filter(pk=first.pk).update(failures=3, resting_until=now + timedelta(minutes=4))
    ModelProvider.objects.filter(pk=second.pk).update(failures=3, resting_until=now + timedelta(minutes=2))

    assert ask()[0] == 200
    assert (len(api.turns), len(other.turns)) == (0, 1)


def test_an_endpoint_that_only_cannot_count_tokens_is_not_held_to_fail(ask, first, second, api, other):
    ModelProvider.objects.filter(pk=first.pk).update(base_url="http://127.0.0.1:9")
    for _ in range(3):
        assert ask(path="/v1/messages/count_tokens")[0] == 200

    first.refresh_from_db()
    assert first.failures == 0


def test_the_group_s_own_provider_is_asked_first(ask, group, first, second, api, other):
    group.provider = second
    assert ask()[0] == 200
    assert (len(api.turns), len(other.turns)) == (0, 1)

    other.script(Failure(529))
    assert ask()[0] == 200
    assert len(api.turns) == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("api_key", {"x-api-key": FIRST_KEY}),
        ("bearer", {"authorization": f"Bearer {FIRST_KEY}"}),
        ("oauth", {"authorization": f"Bearer {FIRST_KEY}", "anthropic-beta": "oauth-2025-04-20"}),
    ],
)
def test_each_kind_of_key_goes_in_its_own_header(ask, first, api, kind, expected):
    ModelProvider.objects.update(key_kind=kind)

    assert ask()[0] == 200
    sent = api.requests[0].headers
    assert {name: sent.get(name) for name in expected} == expected
    assert "placeholder" not in str(sent)


def test_a_key_may_be_a_reference(ask, first, api, monkeypatch, tmp_path):
    monkeypatch.setenv("THE_MODELS_KEY", "from-the-environment")
    ModelProvider.objects.update(credentials={"key": "env:THE_MODELS_KEY"})
    assert ask()[0] == 200
    (tmp_path / "key").write_text("from-a-file\n")
    ModelProvider.objects.filter(pk=first.pk).update(credentials={"key": f"file:{tmp_path}/key"})
    assert ask()[0] == 200

    assert [request.headers["x-api-key"] for request in api.requests] == ["from-the-environment", "from-a-file"]


def test_a_provider_without_its_key_is_passed_over_and_said(ask, first, second, other):
    ModelProvider.objects.filter(pk=first.pk).update(credentials={"key": "env:NOT_SET_ANYWHERE"})

    assert ask()[0] == 200
    assert len(other.turns) == 1
    assert "is missing" in Incident.objects.get(subject="first").sentence


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


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://host", "/v1/messages?beta=true", "https://host/v1/messages?beta=true"),
        ("https://host/api/anthropic/", "/v1/messages", "https://host/api/anthropic/v1/messages"),
        ("https://host/api/v1", "/v1/messages", "https://host/api/v1/messages"),
    ],
)
def test_addresses_are_joined(base, path, url):
    assert pool.Provider("x", base, "api_key", "key").url(path) == url


def test_a_password_in_an_address_is_not_shown():
    assert pool.Provider("x", "https://me:secret@host/api?k=v", "api_key", "").place == "https://host/api"
    assert pool.Provider("x", "http://host:4000", "api_key", "").place == "http://host:4000"


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


def test_a_row_makes_claude_answer_and_its_end_brings_the_demo_back(group):
    assert chosen_agent().name == "demo"
    row = ModelProvider.objects.create(name="mine", credentials={"key": "x"})
    pool.forget()
    assert chosen_agent() == chosen_agent()
    assert (chosen_agent().name, chosen_agent().why) == ("claude", "Model providers: mine.")

    row.enabled = False
    row.save()
    pool.forget()
    assert chosen_agent().name == "demo"


def test_a_row_is_noticed_within_seconds(group):
    chosen_agent()
    ModelProvider.objects.create(name="mine", credentials={"key": "x"})
    time.sleep(pool.FRESH_S + 0.1)

    assert chosen_agent().name == "claude"


def test_the_environment_s_key_serves_while_no_row_does(group, settings):
    settings.ANTHROPIC_API_KEY = "sk-of-the-environment"
    assert [provider.name for provider in pool.candidates()] == ["environment"]
    ModelProvider.objects.create(name="mine", credentials={"key": "x"})
    pool.forget()
    pool.refresh()

    assert [provider.name for provider in pool.candidates()] == ["mine"]


def test_looking_again_costs_no_query(first, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(pool, "FRESH_S", 60.0)  # however slow the machine
    pool.forget()
    pool.refresh()
    with django_assert_num_queries(0):
        chosen_agent()
        pool.candidates()
