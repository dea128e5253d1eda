"""Test connection."""

import pytest

from apps.platforms.admin.channels import checked
from tests.platforms.support import telegram_channel

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_connection_is_tested(api):
    assert checked(telegram_channel(api)) == (
        True,
        "The token works: the bot is @my_bot. In groups it sees only what mentions or answers it.",
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"credentials": {"token": "1:wrong"}}, "does not accept the bot's token"),
        ({"credentials": {}}, "is missing or empty"),
        ({"options": {"api_base": "http://127.0.0.1:1"}}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said(api, fields, sentence):
    worked, said = checked(telegram_channel(api, **fields))
    assert not worked
    assert sentence in said
    assert "wrong" not in said or "1:wrong" not in said
