"""Test connection."""

import pytest

from apps.platforms.admin.channels import checked
from tests.fakes.stand_in import Garbage
from tests.platforms.adapters.slack.support import slack_channel

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_connection_is_tested(api):
    assert checked(slack_channel(api)) == (True, "The tokens work: the bot is @andy in Acme.")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"credentials": {"bot_token": "xoxb-wrong"}}, "The bot token: Slack does not accept the token"),
        ({"credentials": {"app_token": "xapp-wrong"}}, "The app-level token: Slack does not accept the token"),
        ({"credentials": {"app_token": ""}}, "is missing or empty"),
        ({"options": {"api_base": "http://127.0.0.1:1"}}, "cannot be reached"),
        ({"options": {"api_base": "nonsense"}}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said(api, fields, sentence):
    worked, given = checked(slack_channel(api, **fields))
    assert not worked
    assert sentence in given
    assert "-wrong" not in given


@pytest.mark.parametrize("trouble", [Garbage(), Garbage(b"[1]", "application/json")])
def test_something_else_that_answers_is_told_apart(api, trouble):
    api.fail("auth.test", trouble)
    assert checked(slack_channel(api)) == (False, "The bot token: What answers there is not Slack's API.")


def test_a_missing_scope_is_named(api, monkeypatch):
    monkeypatch.setattr("tests.fakes.slack_api.SCOPES", "chat:write,users:read,files:read")
    _, given = checked(slack_channel(api))
    assert "lacks the scopes files:write, reactions:write." in given
    assert "may read no messages" in given
