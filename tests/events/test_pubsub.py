import asyncio
import logging
from pathlib import Path

import pytest
from pytest_django import Settings

from apps.events import pubsub
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("own_connection")


def test_publication_reaches_who_listens_to_its_topic_only(redis_server: str) -> None:
    with pubsub.subscription("runs") as receive:
        assert pubsub.publish("outbox", channel=1)
        assert pubsub.publish("runs", run=7, event="停")
        received = until(lambda: receive(1))
        assert not receive(0)
    assert received == ("runs", {"run": 7, "event": "停"})


@pytest.mark.parametrize("runs", [True, False])
def test_publication_without_redis_is_lost_and_said_where_the_service_runs(
    settings: Settings, caplog: pytest.LogCaptureFixture, tmp_path: Path, runs: bool
) -> None:
    settings.EMBEDDED_REDIS, settings.REDIS_SOCKET = True, tmp_path / "redis.sock"
    settings.REDIS_URL = f"unix://{settings.REDIS_SOCKET}"
    if runs:
        settings.REDIS_SOCKET.touch()
    with caplog.at_level(logging.INFO):
        assert not pubsub.publish("runs", run=7)
    assert ("publication runs is lost" in caplog.text) == runs


def test_async_listener_hears(redis_server: str) -> None:
    async def hear() -> object:
        async with pubsub.async_subscription("runs") as receive:
            await asyncio.to_thread(pubsub.publish, "runs", run=7)
            for _ in range(30):
                if heard := await receive(1):
                    return heard
        return None

    assert asyncio.run(hear()) == ("runs", {"run": 7})


def test_listener_that_is_cancelled_while_it_connects_ends(redis_server: str) -> None:
    async def listen() -> None:
        async with pubsub.async_subscription("runs") as receive:
            while True:
                await receive(30)

    async def cancel_many() -> int:
        ended = 0
        for number in range(100):
            task = asyncio.create_task(listen())
            await asyncio.sleep(number * 0.00005)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=20)
            ended += len(done)
        return ended

    assert asyncio.run(cancel_many()) == 100


def test_socket_is_where_the_settings_say(settings: Settings, redis_server: str) -> None:
    assert redis_server == f"unix://{settings.REDIS_SOCKET}"
    assert Path(settings.REDIS_SOCKET).is_socket()
