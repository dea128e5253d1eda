"""Agents in sealed containers. The whole lifecycle is read from the engine's labels: a restart forgets nothing."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from docker.errors import ImageNotFound, NotFound

from apps.agents.errors import RuntimeAwayError
from apps.agents.models import Run, Session
from apps.agents.sandbox import preflight
from apps.agents.sandbox.base import OpenAgent, Place
from apps.agents.sandbox.container_config import GLOBAL, WORKSPACE, container_config, container_name, hand_over, named
from apps.agents.sandbox.engine import ENGINE_ERRORS, AttachedStream, engine, remove, sentence
from apps.agents.sandbox.reaper import containers_of_this_install, session_of

logger = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds for which a run waits for its turn to start an agent, in a worker's thread
LOOK = 1.0  # seconds between calls of `waiting`

# More cold starts at once than cores only make each of them slower, until the command line inside is ready.
_cold_starts = threading.BoundedSemaphore(os.cpu_count() or 1)


class DockerRuntime:
    name = "docker"

    def place(self, session: Session) -> Place:
        return Place(cwd=WORKSPACE, add_dirs=[GLOBAL], builtin_tools="all")

    def warm(self, session: Session) -> OpenAgent | None:
        """Attached to without a look at it; one that does not run says nothing, and is found out by `lives`."""
        with _engine_errors_in_words():
            name = container_name(session)
            try:
                return OpenAgent(name=name, stream=AttachedStream(name))
            except NotFound:
                return None

    def start(self, session: Session, waiting: Callable[[], None]) -> OpenAgent:
        with _engine_errors_in_words():
            config = container_config(session)
            return _cold(session, named(session, config), config, waiting)

    def release(self, session: Session, agent: OpenAgent) -> None:
        """Nothing to do: the link is closed, and the container waits for the next turn."""

    def lives(self, session: Session, agent: OpenAgent) -> bool:
        try:
            return bool(engine().inspect_container(agent.name)["State"]["Running"])
        except NotFound:
            return False
        except ENGINE_ERRORS as error:
            raise RuntimeAwayError(_("The container cannot be asked: %s") % sentence(error)) from error

    def abandon(self, session: Session) -> None:
        """Nothing to do: the other worker finds the container, and ends it when it is busy."""

    def discard(self, session: Session) -> None:
        try:
            for container in _containers(session.pk):
                remove(container["Id"])
        except ENGINE_ERRORS as error:
            logger.warning("the container of session %s could not be removed now: %s", session.pk, sentence(error))


@contextmanager
def _engine_errors_in_words() -> Iterator[None]:
    try:
        yield
    except ImageNotFound as error:
        raise RuntimeAwayError(
            _("The agent image %s is not built: run `manage.py buildagent`.") % settings.AGENT_IMAGE
        ) from error
    except ENGINE_ERRORS as error:
        raise RuntimeAwayError(_("No container could be started: %s") % sentence(error)) from error


def _cold(session: Session, name: str, config: dict[str, Any], waiting: Callable[[], None]) -> OpenAgent:
    _await_turn(waiting)
    try:
        agent = _started(session, name, config, waiting)
    except BaseException:
        _cold_starts.release()
        raise
    agent.settled = _cold_starts.release
    return agent


def _await_turn(waiting: Callable[[], None]) -> None:
    """Holds a place among the cold starts afterwards; raises RuntimeAwayError."""
    deadline = time.monotonic() + PATIENCE
    while not _cold_starts.acquire(timeout=max(0.0, min(LOOK, deadline - time.monotonic()))):
        waiting()
        if time.monotonic() >= deadline:
            raise RuntimeAwayError(_("Other agents are being started first."))


def _started(session: Session, name: str, config: dict[str, Any], waiting: Callable[[], None]) -> OpenAgent:
    _make_room(session)
    hand_over(session.group)
    preflight.prepare(session.group)
    made = engine().create_container_from_config(config, name=name)["Id"]
    stream = AttachedStream(name)
    try:
        engine().start(name)
        waiting()
        preflight.verify(name, config)
        waiting()
    except BaseException:
        stream.close()
        remove(made)  # by then the name may be that of another worker's
        raise
    return OpenAgent(name=name, stream=stream)


def _make_room(session: Session) -> None:
    """The session's containers of other settings go.

    At most AGENT_MAX_CONTAINERS live: the least recently used idle one goes; RuntimeAwayError when all work.
    """
    living: dict[int, str] = {}
    for container in containers_of_this_install():
        if session_of(container) == session.pk:
            remove(container["Id"])
        else:
            living[session_of(container)] = container["Id"]
    if len(living) < settings.AGENT_MAX_CONTAINERS:
        return
    busy = Run.objects.filter(session__in=living, status=Run.Status.RUNNING).values("session")
    idle = Session.objects.filter(pk__in=living).exclude(pk__in=busy).order_by("last_run_at").first()
    if idle is None:
        raise RuntimeAwayError(
            _("All %d places for agents are taken (AGENT_MAX_CONTAINERS).") % settings.AGENT_MAX_CONTAINERS
        )
    remove(living[idle.pk])


def _containers(session_id: int) -> list[dict[str, Any]]:
    return [container for container in containers_of_this_install() if session_of(container) == session_id]
