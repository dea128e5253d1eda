"""Hears publications for the listeners; whoever is woken looks at the rows, so a lost one costs only seconds."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from redis import RedisError

from apps.events.backoff import Backoff
from apps.events.pubsub import async_subscription

logger = logging.getLogger(__name__)

Receiver = Callable[[dict[str, Any]], None]


async def hear(receivers: Mapping[str, Receiver]) -> None:
    """Calls each topic's receiver with the payload, and with an empty one after a gap; never returns."""
    backoff = Backoff(0.1, 5)
    away = False
    while True:
        try:
            async with async_subscription(*receivers) as receive:
                if away:
                    logger.info("publications are heard again")
                away = False
                backoff.reset()
                for receiver in receivers.values():
                    receiver({})
                await _hand_out(receive, receivers)
        except (RedisError, OSError) as error:
            if not away:
                logger.warning("publications are not heard for a while, the sweeps go on: %s", error)
            away = True
        await asyncio.sleep(backoff.next())


async def _hand_out(receive: Any, receivers: Mapping[str, Receiver]) -> None:
    while True:
        publication = await receive(30)
        if publication:
            topic, payload = publication
            receivers[topic](payload)
