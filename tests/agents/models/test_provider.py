"""A model provider's row: its key, its failures and its rest, and what may not stand in it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from apps.agents.models import ModelProvider
from apps.agents.models.provider import FAILURES
from apps.chats.models.channel import CredentialError

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(db: None) -> ModelProvider:
    return ModelProvider.objects.create(name="first", credentials={"key": "env:KEY_OF_THE_TESTS"})


def test_it_rests_after_so_many_failures_and_says_once_that_it_does(provider):
    assert [provider.count_failure(f"no {number}") for number in range(FAILURES + 1)] == [False, False, True, False]
    provider.refresh_from_db()
    assert (provider.is_resting, provider.failures, provider.last_error) == (True, FAILURES + 1, f"no {FAILURES}")


def test_the_first_failure_after_its_rest_begins_another(provider):
    ModelProvider.objects.update(failures=FAILURES, resting_until=timezone.now() - timedelta(seconds=1))
    provider.refresh_from_db()
    assert not provider.is_resting
    assert provider.count_failure("no") is True


def test_woken_up_nothing_is_held_against_it(provider):
    assert provider.wake_up() is False
    provider.count_failure("no")
    assert provider.wake_up() is True
    provider.refresh_from_db()
    assert (provider.failures, provider.resting_until, provider.last_error) == (0, None, "")


def test_its_key_is_what_the_reference_leads_to(provider, monkeypatch):
    with pytest.raises(CredentialError, match="The key of the provider first is missing"):
        provider.key()
    monkeypatch.setenv("KEY_OF_THE_TESTS", "sk-secret")
    assert provider.key() == "sk-secret"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"model_names": ["x"]}, "model_names"),
        ({"model_names": {"ours": ""}}, "model_names"),
        ({"prices": {"claude": 3}}, "prices"),
        ({"base_url": "ftp://host"}, "base_url"),
        ({"max_output_tokens": 1999}, "max_output_tokens"),
    ],
)
def test_what_cannot_work_is_refused_where_it_stands(fields: dict[str, Any], wrong: str):
    good: dict[str, Any] = {"model_names": {"ours": "theirs"}, "prices": {"x": {"input": 1, "output": 2}}}
    ModelProvider(name="second", credentials={"key": "x"}, **good).full_clean()
    with pytest.raises(ValidationError) as refused:
        ModelProvider(name="second", credentials={"key": "x"}, **good | fields).full_clean()
    assert list(refused.value.message_dict) == [wrong]
