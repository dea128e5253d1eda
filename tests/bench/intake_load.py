"""A process of its own: stores messages through the real intake, and bare rows with the driver, in turns; prints JSON.

Everything is as in the listeners: the transaction of each call, the hooks' receivers, Celery's and Redis' messages.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from itertools import count

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

from django.utils import timezone  # noqa: E402 - models need django.setup()

from apps.agents.models import Run  # noqa: E402
from apps.chats import services  # noqa: E402
from apps.chats.inbound import InboundMessage  # noqa: E402
from apps.chats.models import Channel, Chat  # noqa: E402
from apps.platforms.base import Batch  # noqa: E402
from apps.platforms.inbound import intake  # noqa: E402
from nanogridbot.processes import embedded_redis  # noqa: E402
from tests.bench.bare_insert import BareInsert  # noqa: E402

BLOCK = 100  # messages; Telegram hands over at most as many at once
CHATS = 10  # each of a group of its own: a block in which all call makes as many runs, which absorb the rest
SENDERS = 20

numbers = count(1)


def message(text: str) -> InboundMessage:
    number = next(numbers)
    return InboundMessage(
        external_id=str(number),
        chat_id=f"-{number % CHATS}",
        chat_title="Team",
        sender_id=str(number % SENDERS),
        sender_name=f"Person {number % SENDERS}",
        text=text,
    )


def block(text: str) -> list[InboundMessage]:
    return [message(text) for _ in range(BLOCK)]


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def one_by_one(channel: Channel, messages: list[InboundMessage]) -> Callable[[], object]:
    return lambda: [intake.accept(channel, one) for one in messages]


def measure(channel: Channel, bare: BareInsert) -> dict[str, float]:
    """Seconds for one block of each kind."""
    said, called = block("Good morning, everybody. " * 4), block("@Andy good morning. " * 4)
    taken = {
        "bare INSERT": seconds(lambda: bare.insert(block("Good morning, everybody. " * 4))),
        "one chatter": seconds(one_by_one(channel, said)),
        "one call": seconds(one_by_one(channel, called)),
        "chatter": seconds(lambda: intake.accept_all(channel, Batch(block("And you? " * 10)))),
        "calls": seconds(lambda: intake.accept_all(channel, Batch(block("@Andy? " * 10)))),
    }
    Run.objects.filter(status=Run.Status.QUEUED).update(status=Run.Status.SUCCEEDED, finished_at=timezone.now())
    return taken


def a_channel() -> Channel:
    channel = Channel.objects.create(platform="telegram", name="bench")
    for number in range(CHATS):
        group = services.create_group(folder=f"bench{number}")
        Chat.objects.create(channel=channel, external_id=f"-{number}", group=group)
    return channel


def main(blocks: int) -> None:
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    redis = embedded_redis.start(settings.REDIS_SOCKET)
    try:
        channel = a_channel()
        bare = BareInsert(channel)
        measure(channel, bare)  # the first rows of senders and sessions
        print(json.dumps([measure(channel, bare) for _ in range(blocks)]))
    finally:
        redis.terminate()
        redis.wait(10)


if __name__ == "__main__":
    main(int(sys.argv[1]))
