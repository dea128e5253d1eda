"""A connection fails and comes back; each channel for itself."""

import time

import pytest

from apps.chats.models import Incident, Message
from tests.fakes.stand_in import Hang
from tests.fakes.telegram_api import CONFLICT, TOKEN, UNAUTHORIZED, Failure, TelegramApi
from tests.platforms.support import detail, lost, send, status, telegram_channel
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_revoked_token_is_an_incident_and_a_red_light_for_this_channel_only(api, listeners, chat):
    with TelegramApi() as other:
        telegram_channel(other, name="good")
        api.tokens.clear()
        listeners.start()
        until(lambda: status() == "failed")
        until(lambda: status("good") == "online")
    assert "revoked" in detail()
    assert "revoked" in until(Incident.objects.first).sentence
    calls = len(api.calls)
    time.sleep(1)
    assert len(api.calls) == calls


def test_a_token_revoked_later_is_noticed_and_no_text_shows_it(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.keep_failing("*", UNAUTHORIZED)
    api.say("wake up", chat_id=-1001)
    until(lambda: status() == "failed")
    texts = [detail(), *Incident.objects.values_list("sentence", flat=True)]
    assert not any(TOKEN in text for text in texts)


def test_a_missing_credential_is_said(api, listeners):
    telegram_channel(api, credentials={})
    listeners.start()
    until(lambda: status() == "failed")
    assert "“token”" in detail()


def test_another_poller_is_named_and_we_come_back(api, listeners, chat):
    api.keep_failing("getUpdates", CONFLICT)
    listeners.start()
    until(lambda: status() == "retrying")
    assert "Another program" in detail()
    api.keep_failing("getUpdates", None)
    until(lambda: status() == "online")
    assert detail() == ""


def test_a_flood_of_polls_is_waited_out_as_told(api, listeners, chat):
    api.fail("getUpdates", Failure(429, "Too Many Requests", retry_after=1))
    listeners.start()
    until(lost)
    until(lambda: status() == "online")
    refused, taken = api.calls_of("getUpdates")[:2]
    assert taken.at - refused.at >= 0.9


def test_a_network_cut_of_three_seconds_is_survived_both_ways(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.stop()
    until(lambda: status() == "retrying")
    assert "cannot be reached" in detail()
    send(chat, "while you were away")
    time.sleep(3)
    api.start()
    until(lambda: status() == "online")
    api.say("@Andy are you there?", chat_id=-1001)
    assert until(lambda: Message.objects.inbound().exists())
    assert api.wait_for_sent(1)[0].text == "while you were away"


def test_a_connection_that_says_nothing_is_built_anew(api, listeners, chat, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1
    api.fail("getUpdates", Failure(500), Hang(300))
    listeners.start()
    until(lambda: "Nothing was heard" in lost())
    settings.CHANNEL_STALL_TIMEOUT = 60
    until(lambda: (status(), detail()) == ("online", ""))
