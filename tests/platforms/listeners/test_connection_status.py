"""What is told of a channel: its last event, its last error, its reconnects."""

import pytest

from apps.chats.models import Channel
from tests.fakes.telegram_api import Failure
from tests.platforms.support import status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def channel():
    return Channel.objects.get(name="bot")


def test_a_lost_connection_is_counted_and_its_reason_stays_when_all_is_well_again(api, listeners, chat):
    listeners.start()
    api.say("@Andy hi", chat_id=-1001)
    first = until(lambda: channel().last_event_at)
    assert (channel().reconnects, channel().last_error) == (0, "")

    api.fail("getUpdates", Failure(502), Failure(502))
    api.say("still there?", chat_id=-1001)  # ends the poll that may stand already
    until(lambda: channel().reconnects == 2)
    until(lambda: status() == "online")

    assert "Telegram" in channel().last_error
    assert channel().last_error_at > first
    assert channel().status_detail == ""
