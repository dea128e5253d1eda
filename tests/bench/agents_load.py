"""A process of its own, as a worker is: fifty containers reaped, and an agent's tool calls; prints JSON."""

import json
import logging
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

from django.utils import timezone  # noqa: E402 - models need django.setup()

from apps.agents import services  # noqa: E402
from apps.agents.models import Run, Session  # noqa: E402
from apps.agents.runs import execution  # noqa: E402
from apps.agents.sandbox import reaper  # noqa: E402
from apps.agents.sandbox.container_config import container_config, hand_over, named  # noqa: E402
from apps.agents.sandbox.engine import engine  # noqa: E402
from apps.agents.toolkit import registry  # noqa: E402
from apps.chats.models import Group, Message  # noqa: E402
from apps.chats.services import create_group, web_chat  # noqa: E402
from nanogridbot.processes import embedded_redis  # noqa: E402

CONTAINERS = 50
FEW, MANY = 1, 21  # tool calls in one turn: the difference is what so many more of them take
STARTING = 4  # containers at a time, which is not what is measured


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def start_container(session: Session) -> None:
    config = container_config(session)
    hand_over(session.group)
    engine().create_container_from_config(config, name=named(session, config))
    engine().start(named(session, config))


def reaped(group: Group) -> dict[str, float]:
    """Seconds to look at fifty that are still wanted, and to remove them when they are not."""
    sessions = [Session.objects.create(group=group, key=f"chat:{number}") for number in range(CONTAINERS)]
    Session.objects.update(last_run_at=timezone.now())
    with ThreadPoolExecutor(STARTING) as starters:
        list(starters.map(start_container, sessions))
    adopting = seconds(reaper.reap)
    kept = len(reaper.containers_of_this_install())
    Session.objects.update(last_run_at=timezone.now() - timedelta(days=1))
    reaping_all = seconds(reaper.reap)
    left = len(reaper.containers_of_this_install())
    assert (kept, left) == (CONTAINERS, 0), f"{kept} kept, {left} left"
    return {"adopted": adopting, "reaped": reaping_all}


class Turns:
    """Turns of the demo agent in its container; every line of a message is a call of `list_chats`."""

    def __init__(self, group: Group) -> None:
        self.chat = web_chat(group)
        self.group = group
        self.said = 0

    def turn(self, calls: int) -> float:
        self.said += 1
        text = f"calls {calls} list_chats"
        Message.objects.create(
            chat=self.chat, direction="in", external_id=str(self.said), sender_name="Ann", text=text, calls_agent=True
        )
        run = services.request_run(self.group, chat=self.chat, cause=Run.Cause.MESSAGE)
        took = seconds(lambda: execution.execute(run.pk))
        run.refresh_from_db()
        assert run.status == Run.Status.SUCCEEDED, run.error
        return took

    def own_work(self) -> float:
        """Seconds of the tool itself, called directly: what it asks of the database."""
        run = Run.objects.select_related("session__group", "chat").latest("pk")
        return statistics.median(seconds(lambda: registry.call(run, "list_chats", {})) for _ in range(50))


def tool_calls(group: Group, pairs: int) -> dict[str, Any]:
    turns = Turns(group)
    turns.turn(MANY)  # the container, and everything that is loaded once
    each = [(turns.turn(MANY) - turns.turn(FEW)) / (MANY - FEW) for _ in range(pairs)]
    return {"each": each, "own": turns.own_work()}


def main(pairs: int) -> None:
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    redis = embedded_redis.start(settings.REDIS_SOCKET)
    try:
        measured = {"tools": tool_calls(create_group(folder="tools"), pairs)}
        reaper.remove_all()
        measured["containers"] = reaped(create_group(folder="crowd"))
        print(json.dumps(measured))
    finally:
        reaper.remove_all()
        redis.terminate()
        redis.wait(10)


if __name__ == "__main__":
    main(int(sys.argv[1]))
