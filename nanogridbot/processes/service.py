"""The whole service on one machine: which programs, started in which order, stopped in which order."""

import os
import socket
import time
from typing import NoReturn

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from apps.agents import services as agents
from apps.agents.sandbox.engine import ENGINE_ERRORS, sentence
from apps.agents.sandbox.selection import chosen_agent, chosen_runtime
from apps.chats.models import Message
from nanogridbot.processes import embedded_redis, web, workers
from nanogridbot.processes.bootstrap import first_start, greeting, missing_migrations
from nanogridbot.processes.child import Program, say_ready
from nanogridbot.processes.supervisor import Supervisor

START_GRACE = 60  # seconds until it is said that something does not start
# Seconds that each part gets at a stop before it is killed.
WEB_GRACE = 5
WORKER_MARGIN = 5  # after the turns' own bound: the last transaction, the last line
OUTBOX_GRACE = 5
LISTENERS_GRACE = 15
REMOVAL_GRACE = 30
REDIS_GRACE = 5


def run(supervisor: Supervisor, listener: socket.socket) -> bool:
    """Serves until somebody asks for the stop; False when the service could not be started."""
    say = supervisor.output.say
    try:
        if not _start(supervisor, listener):
            return supervisor.stopping
        supervisor.serve()
        say("Stopping: turns in progress may finish. Ctrl-C once more stops at once.")
        _stop(supervisor)
    finally:
        supervisor.kill_everything()
    say("Stopped.")
    return True


def _start(supervisor: Supervisor, listener: socket.socket) -> bool:
    say = supervisor.output.say
    runtime = chosen_runtime()  # before the first fork: every child goes by it
    if settings.EMBEDDED_REDIS and not _start_redis(supervisor):
        return False
    if not supervisor.run_once(Program("up", _prepare, restart=False), 120):
        return False
    for program in _programs(listener):
        supervisor.start(program)
    if supervisor.wait_until(lambda: not supervisor.unready(), START_GRACE):
        say(f"Ready: {web.url(listener)}")
        say(f"Runtime: {runtime.name}. {runtime.why}")
    elif not supervisor.stopping:
        say(f"Not ready after {START_GRACE} s: {', '.join(supervisor.unready())}.", level="error")
    return True


def _programs(listener: socket.socket) -> list[Program]:
    return [
        Program("web", lambda: web.serve(listener)),
        Program("agents", workers.run_agents),
        Program("worker", workers.run_default),
        Program("listeners", _listen_to_channels),
    ]


def _start_redis(supervisor: Supervisor) -> bool:
    command = embedded_redis.command(settings.REDIS_SOCKET)
    supervisor.start(Program("redis", lambda: _become(command)))
    if supervisor.wait_until(lambda: embedded_redis.answers(settings.REDIS_SOCKET), 20):
        supervisor.mark_ready("redis")
        return True
    supervisor.output.say(f"The embedded Redis does not answer: see {settings.RUN_DIR}/redis.log.", level="error")
    return False


def _become(command: list[str]) -> NoReturn:
    os.execv(command[0], command)  # noqa: S606


def _prepare() -> None:
    """Everything `up` needs from the database, in a child: the supervisor holds no connection."""
    try:
        missing = missing_migrations()
    except OperationalError as error:
        raise SystemExit(_say(f"The database cannot be opened: {error}")) from error
    if missing:
        raise SystemExit(_say(f"{len(missing)} migrations are missing: run `manage.py migrate` first."))
    _say(greeting(first_start()))
    agent = chosen_agent()
    _say(f"Agent: {agent.name}. {agent.why}")


def _say(sentence: str) -> int:
    print(sentence)  # noqa: T201
    return 1


def _listen_to_channels() -> None:
    say_ready()  # from here on the command itself says how each channel does
    call_command("runchannels")


def _stop(supervisor: Supervisor) -> None:
    """What runs ends; what was answered is delivered; then the rest goes. What comes in meanwhile stays queued."""
    supervisor.stop(["web"], WEB_GRACE)
    supervisor.stop(["agents", "worker"], settings.AGENT_SHUTDOWN_GRACE + WORKER_MARGIN)
    if not supervisor.hurried:
        supervisor.run_once(Program("up", _wait_for_outbox, restart=False), OUTBOX_GRACE)
    supervisor.stop(["listeners"], LISTENERS_GRACE)
    if not supervisor.hurried:
        supervisor.run_once(Program("up", _remove_agents, restart=False), REMOVAL_GRACE)
    supervisor.stop(["redis"], REDIS_GRACE)


def _wait_for_outbox() -> None:
    """Until the listeners have taken up the last answers; a channel that is down makes it a few seconds."""
    deadline = time.monotonic() + OUTBOX_GRACE - 1
    while _can_be_delivered() and time.monotonic() < deadline:
        time.sleep(0.05)


def _can_be_delivered() -> bool:
    """Whether the time of a message has come that no other one of its chat holds back."""
    return Message.objects.heads().filter(next_attempt_at__lte=timezone.now()).exists()


def _remove_agents() -> None:
    try:
        agents.remove_agents()
    except ENGINE_ERRORS as error:
        raise SystemExit(
            _say(f"Containers may be left, which the next start looks after: {sentence(error)}")
        ) from error
