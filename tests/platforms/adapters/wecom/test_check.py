"""Test connection."""

import pytest

from apps.platforms.admin.channels import checked
from tests.fakes.wecom_api import APP, BOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def test_the_connection_is_tested(channel):
    worked, said = checked(channel)
    assert worked
    assert "“Andy” (1000002)" in said
    assert f"/hooks/wecom/{channel.pk}/" in said
    channel.credentials = BOT
    assert checked(channel)[0]


@pytest.mark.parametrize(
    ("credentials", "options", "sentence"),
    [
        ({"secret": "wrong-secret"}, {}, "invalid credential"),
        ({"corp_id": "ww-other"}, {}, "invalid corpid"),
        ({"agent_id": "7"}, {}, "invalid agentid"),
        ({"encoding_aes_key": "short"}, {}, "43 letters"),
        ({"token": ""}, {}, "“token”"),
        ({}, {"api_base": "http://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said(channel, credentials, options, sentence):
    channel.credentials = {**APP, **credentials}
    channel.options = {**channel.options, **options}
    worked, said = checked(channel)
    assert (worked, sentence in said) == (False, True), said
    assert "wrong-secret" not in said
