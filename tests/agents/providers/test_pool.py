"""Which providers serve now, in which order, with which key; and which one rests."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.models import ModelProvider
from apps.agents.providers import pool
from apps.agents.sandbox.selection import chosen_agent
from apps.chats.models import Incident
from tests.agents.providers.support import FIRST_KEY
from tests.fakes.messages_api import Failure, Text


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
