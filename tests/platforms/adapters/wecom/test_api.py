"""WeCom's API and the token that it lends."""

import asyncio

import pytest

from apps.chats.models import Message
from apps.platforms.adapters.wecom.api import Client
from tests.fakes.json_api import Answer
from tests.fakes.stand_in import Cut, Garbage
from tests.fakes.wecom_api import SECRET, error
from tests.platforms.adapters.wecom.support import PNG
from tests.platforms.support import lost, outbound, send, status
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def test_the_token_is_fetched_once_for_all_who_ask(api, channel):
    async def ask():
        async with Client(channel) as client:
            await asyncio.gather(*(client.get("agent/get", agentid="1000002") for _ in range(10)))

    asyncio.run(ask())
    assert len(api.calls_of("gettoken")) == 1


def test_a_token_that_ended_early_is_renewed_and_nothing_is_lost(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.expire()
    send(chat, "hi")
    until(lambda: outbound("sent") == 1)
    assert len(api.calls_of("gettoken")) == 2
    assert Message.objects.get().attempts == 1


def test_also_for_a_download(api, channel):
    api.files = {"M1": PNG}

    async def fetch():
        async with Client(channel) as client:
            await client.get("agent/get", agentid="1000002")
            api.expire()
            return b"".join([chunk async for chunk in client.media("M1")])

    assert asyncio.run(fetch()) == PNG


def test_no_secret_is_logged(api, listeners, chat, caplog):
    caplog.set_level("INFO")
    listeners.start()
    send(chat, "hi")
    until(lambda: outbound("sent") == 1)
    assert SECRET not in caplog.text
    assert api.good_token not in caplog.text


@pytest.mark.parametrize("trouble", [Answer(502), Answer(200, error(-1)), Garbage(), Cut()])
def test_a_server_in_trouble_is_asked_again(api, listeners, channel, trouble):
    api.fail("gettoken", trouble)
    listeners.start()
    assert until(lost)
    until(lambda: status() == "online")
    assert len(api.calls_of("gettoken")) == 1  # the one that was answered
