"""A token ends, tells its last use, and never reaches further than its groups."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.api import tokens
from apps.api.models import ApiToken
from tests.api.support import client, url

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_expired_token_is_refused_and_a_valid_one_is_not():
    _, secret = tokens.issue("ci", scopes=["read"], expires_at=timezone.now() + timedelta(days=1))
    program = Client(headers={"authorization": f"Bearer {secret}"})
    assert program.get(url("groups")).status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = program.get(url("groups"))
    assert (answer.status_code, answer.json()["detail"]) == (401, "This token is unknown or has expired.")


def test_the_last_use_is_seen():
    program = client("read")
    assert ApiToken.objects.get().last_used_at is None
    program.get(url("groups"))
    assert ApiToken.objects.get().last_used_at is not None


def test_a_restricted_token_does_not_open_up_when_its_group_goes(family, work):
    program = client("read", groups=(family,))
    family.delete()
    assert program.get(url("groups")).json()["items"] == []
