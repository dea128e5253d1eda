"""The form of a channel asks for what its platform asks for."""

import pytest

from apps.chats.models import Channel
from tests.chats.admin.support import change, channel_form

pytestmark = pytest.mark.django_db


def test_options_are_an_object(browser_of, channel):
    assert "A JSON object is expected" in change(browser_of, channel, options="[1]").text


def test_a_channel_is_added_by_its_form(browser_of):
    fields = {
        "platform": "telegram",
        "credentials-value-token": "1:abc",
        "option-mode": "webhook",
        "option-stream": "yes",
    }
    browser_of.post("/admin/chats/channel/add/?platform=telegram", channel_form(**fields))

    channel = Channel.objects.get()
    assert channel.credentials == {"token": "1:abc"}
    assert channel.options == {"mode": "webhook", "stream": "yes"}


@pytest.mark.parametrize("fields", [{"option-api_base": "nonsense"}, {"options": '{"api_base": "nonsense"}'}])
def test_an_address_that_is_none_is_refused(browser_of, fields):
    told = {"platform": "telegram", "credentials-value-token": "1:abc", **fields}
    answer = browser_of.post("/admin/chats/channel/add/?platform=telegram", channel_form(**told))

    assert "An address is expected that begins with one of: http://, https://" in answer.text
    assert not Channel.objects.exists()


def test_what_the_platform_needs_must_be_there(browser_of):
    answer = browser_of.post("/admin/chats/channel/add/?platform=telegram", channel_form(platform="telegram"))

    assert "This is needed: Bot token" in answer.text
    assert not Channel.objects.exists()


def test_a_form_of_one_platform_makes_no_channel_of_another(browser_of):
    fields = {"platform": "slack", "credentials-value-token": "1:abc"}
    answer = browser_of.post("/admin/chats/channel/add/?platform=telegram", channel_form(**fields))

    assert "slack is not one of the available choices" in answer.text
    assert not Channel.objects.exists()
