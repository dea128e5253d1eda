"""Publications over Redis: they wake people up and feed live pages.

Never the truth: a lost one costs seconds, not a message.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

PREFIX = "ngb:"


@cache
def connection() -> "redis.Redis":
    """One pooled client for each process."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=1,
        socket_timeout=5,
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
    )


def publish(topic: str, **payload: Any) -> bool:
    """Tell everybody who listens now; False when Redis is away, which is logged, never raised.

    Where the service does not run, as for most commands before the first start, nobody is missed.
    """
    try:
        connection().publish(PREFIX + topic, json.dumps(payload, ensure_ascii=False))
    except redis.RedisError as error:
        is_stopped = settings.EMBEDDED_REDIS and not settings.REDIS_SOCKET.exists()
        level = logging.DEBUG if is_stopped else logging.WARNING
        logger.log(level, "publication %s is lost, the sweep will notice: %s", topic, error)
        return False
    return True


def publish_on_commit(topic: str, **payload: Any) -> None:
    transaction.on_commit(lambda: publish(topic, **payload))


def audience(topic: str) -> int:
    """How many subscriptions hear of it now; raises redis.RedisError."""
    ((_name, count),) = connection().pubsub_numsub(PREFIX + topic)
    return int(count)


def _decode(message: dict[str, Any] | None) -> tuple[str, dict[str, Any]] | None:
    if message is None or message["type"] != "message":
        return None
    return message["channel"].removeprefix(PREFIX), json.loads(message["data"])


@contextmanager
def subscription(*topics: str) -> Iterator[Any]:
    """Yields `receive(timeout) -> (topic, payload) | None`; raises redis.RedisError when the server is away."""
    pubsub = connection().pubsub()  # type: ignore[no-untyped-call]
    try:
        pubsub.subscribe(*[PREFIX + topic for topic in topics])
        yield lambda timeout: _decode(pubsub.get_message(ignore_subscribe_messages=True, timeout=timeout))
    finally:
        pubsub.close()


@asynccontextmanager
async def async_subscription(*topics: str) -> AsyncIterator[Any]:
    """The same for the listeners and the websocket consumers: `await receive(timeout)`."""
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, decode_responses=True)
    pubsub = client.pubsub()

    async def receive(timeout: float) -> tuple[str, dict[str, Any]] | None:  # noqa: ASYNC109 - redis-py's own parameter
        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=timeout)
        _heed_cancellation()
        return _decode(message)

    try:
        await pubsub.subscribe(*[PREFIX + topic for topic in topics])
        _heed_cancellation()
        yield receive
    finally:
        await pubsub.aclose()  # type: ignore[no-untyped-call]
        await client.aclose()


def _heed_cancellation() -> None:
    """redis-py swallows a cancellation that comes while it connects: whoever asked for it would wait for ever."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError
