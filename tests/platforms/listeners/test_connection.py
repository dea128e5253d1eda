"""Connections come, fail and come back; each channel for itself."""

import time
from contextlib import contextmanager

import pytest
from django.db import connection

from apps.chats.models import Channel, Incident, Message
from apps.platforms.listeners import supervisor
from tests.fakes.stand_in import Hang
from tests.fakes.telegram_api import CONFLICT, TOKEN, UNAUTHORIZED, Failure, TelegramApi
from tests.platforms.support import detail, lost, outbound, registered_chat, send, status, telegram_channel, until_quiet
from tests.waiting import in_time, until

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


def test_editing_the_channel_brings_it_back(api, listeners, chat):
    channel = chat.channel
    channel.credentials = {"token": "1:wrong"}
    channel.save()
    listeners.start()
    until(lambda: status() == "failed")
    channel.refresh_from_db()
    channel.credentials = {"token": TOKEN}
    channel.save()
    until(lambda: status() == "online")
    assert detail() == ""


def test_disabling_and_enabling_takes_effect_within_five_seconds(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")

    def off_and_on() -> float:
        began = time.monotonic()
        Channel.objects.update(enabled=False)
        until(lambda: status() == "off")
        off, polls = time.monotonic(), len(api.calls_of("getUpdates"))
        Channel.objects.update(enabled=True)
        until(lambda: status() == "online")
        on = time.monotonic()
        assert api.wait_for(lambda: len(api.calls_of("getUpdates")) > polls)
        return max(off - began, on - off)

    in_time(5, off_and_on)


def test_an_edit_in_the_admin_takes_effect_within_five_seconds(listeners, chat, admin_client):
    """Another server, then the box unticked: nothing is restarted."""
    listeners.start()
    until(lambda: status() == "online")
    page = f"/admin/chats/channel/{chat.channel_id}/change/"
    form = {"name": "bot", "enabled": "on", "options": "{}"}
    with TelegramApi() as elsewhere:

        def edits() -> float:
            polls, began = len(elsewhere.calls_of("getUpdates")), time.monotonic()
            assert admin_client.post(page, form | {"option-api_base": elsewhere.url}).status_code == 302
            until(lambda: len(elsewhere.calls_of("getUpdates")) > polls)
            moved = time.monotonic()
            elsewhere.say("@Andy are you there?", chat_id=-1001)
            until(lambda: Message.objects.inbound().exists())
            unticked = {name: value for name, value in form.items() if name != "enabled"}
            left = time.monotonic()
            assert admin_client.post(page, unticked | {"option-api_base": elsewhere.url}).status_code == 302
            until(lambda: status() == "off")
            return max(moved - began, time.monotonic() - left)

        in_time(5, edits)


def test_a_deleted_channel_is_let_go(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    Channel.objects.all().delete()

    def polls_after_news() -> int:
        api.say("hello", chat_id=-1001)
        return len(api.calls_of("getUpdates"))

    until_quiet(polls_after_news, 0.5)
    assert not Message.objects.exists()  # nothing that was said afterwards was kept


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


def test_a_disabled_channels_message_fails_and_says_so(api, listeners, chat):
    Channel.objects.filter(pk=chat.channel_id).update(enabled=False)
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert Message.objects.get().error == "The channel bot is disabled."
    assert not api.sent


def test_a_channel_without_an_adapter_says_so_and_its_message_fails(api, listeners):
    channel = Channel.objects.create(platform="pigeon", name="loft")
    send(registered_chat(channel), "hi")
    listeners.start()
    until(lambda: status("loft") == "failed")
    until(lambda: outbound("failed") == 1)
    assert "no adapter for pigeon" in Message.objects.get().error


def test_a_status_that_cannot_be_written_costs_no_other_connection(api, listeners, chat):
    other = telegram_channel(api, "other", credentials={"token": "7:x"})
    listeners.start()
    until(lambda: status() == "online" and status("other") == "failed")
    with refused_by_the_database():
        Channel.objects.filter(pk=other.pk).update(enabled=False)
        time.sleep(supervisor.POLL * 1.5)
    until(lambda: status("other") == "off")

    send(chat, "still here")
    assert api.wait_for_sent(1)[0].text == "still here"
    assert Channel.objects.get(name="bot").reconnects == 0


@contextmanager
def refused_by_the_database():
    """That a channel is off."""
    is_postgresql = connection.vendor == "postgresql"
    refuse = "CREATE TRIGGER no BEFORE UPDATE ON chats_channel {} WHEN (NEW.status = 'off') {}"
    with connection.cursor() as cursor:
        if is_postgresql:
            body = "BEGIN RAISE EXCEPTION 'no'; END"
            cursor.execute(f"CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
            cursor.execute(refuse.format("FOR EACH ROW", "EXECUTE FUNCTION no()"))
        else:
            cursor.execute(refuse.format("FOR EACH ROW", "BEGIN SELECT RAISE(ABORT, 'no'); END"))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION no CASCADE" if is_postgresql else "DROP TRIGGER no")


def test_the_listeners_stop_quickly_and_leave_the_status_off(api, listeners, chat):
    def stop() -> float:
        listeners.start()
        until(lambda: status() == "online")
        began = time.monotonic()
        listeners.stop()
        return time.monotonic() - began

    in_time(5, stop)
    assert set(Channel.objects.values_list("status", flat=True)) == {"off"}
