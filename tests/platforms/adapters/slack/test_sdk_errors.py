"""What the SDK raises: tried again, or not."""

import aiohttp
import pytest

from apps.chats.models import Message
from tests.fakes.slack_api import Failure
from tests.fakes.stand_in import Cut, Garbage, Hang
from tests.platforms.support import outbound, send
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_rate_limited_waits_as_told(api, listeners, chat):
    api.fail("chat.postMessage", Failure("ratelimited", status=429, retry_after=1))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    api.wait_for_sent(2)
    refused = next(call for call in api.calls_of("chat.postMessage") if not call.answered)
    assert [call.text for call in api.sent] == ["one", "two"]
    assert api.sent[0].at - refused.at >= 0.9
    until(lambda: outbound("sent") == 2)
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.parametrize("trouble", [Failure("internal_error"), Failure("", status=502), Garbage()])
def test_trouble_is_retried(api, listeners, chat, trouble):
    api.fail("chat.postMessage", trouble)
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts == 2


def test_the_sdk_does_not_send_again_by_itself_what_may_have_arrived(api, listeners, chat, settings):
    settings.OUTBOX_RETRY_DELAY = (600, 600)
    api.fail("chat.postMessage", Cut(done=True))
    send(chat, "hi")
    listeners.start()
    until(lambda: Message.objects.filter(attempts=1, delivery="queued").exists())
    assert len(api.sent) == 1


def test_a_server_that_does_not_answer_is_not_waited_for_without_end(api, listeners, chat, monkeypatch):
    monkeypatch.setattr("apps.platforms.adapters.slack.adapter.TIMEOUT", aiohttp.ClientTimeout(total=0.5))
    api.fail("chat.postMessage", Hang(300))
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts >= 2
