import pytest

from apps.api import tokens

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_the_hash_of_a_token_is_stored(family):
    row, secret = tokens.issue("ci", scopes=["read"])
    row.refresh_from_db()
    assert secret not in str(vars(row))
    assert tokens.find(secret) == row
    assert tokens.find(row.hash) is None
