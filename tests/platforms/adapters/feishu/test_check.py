"""Test connection."""

import pytest

from apps.platforms.admin.channels import checked
from tests.platforms.adapters.feishu.support import feishu_channel

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_connection_is_tested(api):
    worked, said = checked(feishu_channel(api))
    assert (worked, said) == (True, "The credentials work: the bot is Andy, and it may have a long connection.")


@pytest.mark.parametrize(
    ("credentials", "sentence"),
    [
        ({"app_secret": "wrong"}, "does not accept the app ID or its secret"),
        ({"app_id": ""}, "“app_id” of the channel “bot” is missing"),
        ({"mode": "webhook"}, "“encrypt_key” of the channel “bot” is missing"),
    ],
)
def test_what_is_wrong_is_said(api, credentials, sentence):
    worked, said = checked(feishu_channel(api, credentials=credentials))
    assert not worked
    assert sentence in said
