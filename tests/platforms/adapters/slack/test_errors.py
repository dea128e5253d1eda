"""What Slack's error codes mean."""

import pytest

from apps.chats.models import Message
from apps.platforms.adapters.slack.errors import refusal
from tests.fakes.slack_api import Failure
from tests.platforms.support import send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("answer", "permanent", "retry_after"),
    [
        ({"code": "invalid_auth"}, True, None),
        ({"code": "something_new"}, True, None),
        ({"code": "internal_error"}, False, None),
        ({"code": "", "status": 503}, False, None),
        ({"code": "ratelimited", "retry_after": "7"}, False, 7),
        ({"code": "", "status": 429}, False, 30),
        ({"code": "ratelimited", "retry_after": "９"}, False, 30),
        ({"code": "ratelimited", "retry_after": "99999999999"}, False, 3600),
    ],
)
def test_each_class_of_error(answer, permanent, retry_after):
    found = refusal(**answer)
    assert (found.permanent, found.retry_after, found.ambiguous) == (permanent, retry_after, False)


def test_a_channel_that_the_bot_is_not_in_fails_at_once_and_lets_the_next_pass(api, listeners, chat):
    api.fail("chat.postMessage", Failure("not_in_channel"))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    assert [call.text for call in api.wait_for_sent(1)] == ["two"]
    assert "invite it there" in Message.objects.get(text="one").error
