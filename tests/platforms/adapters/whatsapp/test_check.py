"""Test connection."""

import pytest

from apps.platforms.admin.channels import checked
from tests.fakes.whatsapp_api import CREDENTIALS, TOKEN

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def test_the_connection_is_tested(channel):
    worked, said = checked(channel)
    assert worked
    assert "+1 555-078-3881 (Andy)" in said
    assert f"/hooks/whatsapp/{channel.pk}/" in said


@pytest.mark.parametrize(
    ("credentials", "options", "sentence"),
    [
        ({"access_token": "EAAwrong"}, {}, "does not accept the access token"),
        ({"phone_id": "777"}, {}, "knows no number"),
        ({"app_secret": ""}, {}, "“app_secret”"),
        ({}, {"api_base": "http://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said(channel, credentials, options, sentence):
    channel.credentials = {**CREDENTIALS, **credentials}
    channel.options = {**channel.options, **options}
    worked, said = checked(channel)
    assert (worked, sentence in said) == (False, True), said
    assert TOKEN not in said
    assert "EAAwrong" not in said
