"""With a real Redis: what happens takes effect at once, not at the next sweep; and without it, a sweep later."""

import time

import pytest
import redis

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats import services
from apps.chats.models import Channel, Message
from apps.events import pubsub
from apps.platforms.adapters.telegram.adapter import TelegramAdapter
from apps.platforms.listeners import supervisor
from apps.platforms.outbound import outbox
from tests.platforms.support import registered_chat, send, telegram_channel, until_quiet
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chat(api, redis_server, listeners):
    chat = registered_chat(telegram_channel(api))
    listeners.start()
    until(lambda: Channel.objects.get(name="bot").status == "online")
    until(lambda: _subscribers(redis_server) == 1)
    time.sleep(0.3)  # what the start itself woke is over
    return chat


@pytest.fixture
def without_sweeps(monkeypatch):
    """So that looking again cannot be what found it."""
    monkeypatch.setattr(outbox, "SWEEP", 600)
    monkeypatch.setattr(supervisor, "POLL", 600)


def _subscribers(url):
    with redis.Redis.from_url(url) as server:
        return server.pubsub_numsub(pubsub.PREFIX + services.OUTBOX_FILLED)[0][1]


def test_a_message_is_delivered_as_soon_as_it_is_written(without_sweeps, api, chat):
    for number in range(5):
        send(chat, f"hi {number}")
        assert api.wait_for_sent(number + 1)[-1].text == f"hi {number}"


def test_a_new_channel_connects_as_soon_as_it_is_added(without_sweeps, api, chat):
    services.add_channel(Channel(platform="web", name="second"))
    assert until(lambda: Channel.objects.get(name="second").status == "online")


def test_typing_is_shown_when_a_run_begins_and_not_after_it_ended(api, chat, monkeypatch):
    monkeypatch.setattr(TelegramAdapter, "typing_every", 0.5)
    run = Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", status="running")
    announce(run)
    assert api.wait_for(lambda: len(api.calls_of("sendChatAction")) >= 2)
    run.finish(Run.Status.SUCCEEDED)
    announce(run)
    until_quiet(lambda: len(api.calls_of("sendChatAction")), 1)


def test_a_redis_that_is_cut_off_delays_only(api, chat, redis_server):
    with redis.Redis.from_url(redis_server) as server:
        server.client_kill_filter(_type="pubsub")
    send(chat, "hi")
    api.wait_for_sent(1)
    until(lambda: Message.objects.outbound().get().delivery == "sent")
    until(lambda: _subscribers(redis_server) == 1)
    assert len(api.sent) == 1
