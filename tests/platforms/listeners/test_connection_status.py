"""What the pages and the API tell of a channel: its last event, its last error, its reconnects, what waits."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.chats.models import Channel
from tests.fakes.telegram_api import Failure
from tests.platforms.support import send, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator():
    client = Client()
    client.force_login(User.objects.create_superuser("lena", password="correct horse battery"))
    return client


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


def test_the_admin_lists_it_for_each_channel(operator, chat):
    send(chat, "one")
    send(chat, "two")
    chat.channel.mark_trouble("Telegram cannot be reached.")

    page = operator.get("/admin/chats/channel/").content.decode()

    assert "Telegram cannot be reached." in page
    assert '<td class="field-queue">2</td>' in page
    assert '<td class="field-reconnects">1</td>' in page


def test_the_api_tells_it_for_each_channel(operator, chat):
    send(chat, "one")
    chat.channel.mark_trouble("Telegram cannot be reached.")
    chat.channel.mark_event()

    told = {each["name"]: each for each in operator.get("/api/v1/status").json()["channels"]}["bot"]

    assert (told["outbox"], told["reconnects"], told["last_error"]) == (1, 1, "Telegram cannot be reached.")
    assert told["last_event_at"]
    assert told["last_error_at"]
