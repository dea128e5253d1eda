from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.api import tokens
from apps.api.models import ApiToken

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


def createtoken(*arguments: str) -> str:
    out = StringIO()
    call_command("createtoken", *arguments, stdout=out)
    return out.getvalue()


def test_createtoken_prints_the_token_and_nothing_else(family):
    printed = createtoken("ci", "--scope", "read", "--scope", "write", "--group", "family", "--expires", "30")
    row = tokens.find(printed.removesuffix("\n"))
    assert row
    assert (row.name, row.scopes, row.restricted, list(row.groups.all())) == ("ci", ["read", "write"], True, [family])
    assert row.expires_at
    assert timedelta(days=29) < row.expires_at - timezone.now() < timedelta(days=31)


def test_a_token_may_write_and_see_every_group_unless_said_otherwise(family):
    row = tokens.find(createtoken("ci").strip())
    assert row
    assert (row.scopes, row.restricted, row.expires_at) == (["write"], False, None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ci", "--scope", "root"], "invalid choice: 'root'"),
        (["ci", "--group", "nobody"], "There is no group 'nobody'"),
        (["ci", "--expires", "soon"], "no number of days"),
        (["ci", "--expires", "0"], "more than 0"),
        (["taken"], "already exists"),
        ([""], "name: This field cannot be blank"),
    ],
)
def test_a_bad_token_is_a_sentence_and_not_made(arguments, sentence):
    createtoken("taken")
    with pytest.raises(CommandError, match=sentence):
        createtoken(*arguments)
    assert ApiToken.objects.count() == 1
