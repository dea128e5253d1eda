"""The connections follow the table of channels, without a restart."""

import time
from contextlib import contextmanager

import pytest
from django.db import connection

from apps.chats.models import Channel, Message
from apps.platforms.listeners import supervisor
from tests.fakes.telegram_api import TOKEN, TelegramApi
from tests.platforms.support import detail, send, status, telegram_channel, until_quiet
from tests.waiting import in_time, until

pytestmark = pytest.mark.django_db(transaction=True)


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
