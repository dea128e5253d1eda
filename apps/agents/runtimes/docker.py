"""Agents in sealed containers. The whole lifecycle is read from the engine's labels: a restart forgets nothing."""

import logging
import os
import threading
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from docker.errors import ImageNotFound, NotFound

from apps.agents.errors import RuntimeAwayError
from apps.agents.models import Run, Session
from apps.agents.runtimes.base import OpenAgent, Place
from apps.agents.runtimes.engine import ENGINE_ERRORS, AttachedStream, engine, remove, sentence
from apps.agents.runtimes.sealing import GLOBAL, WORKSPACE, container_config, container_name, hand_over

logger = logging.getLogger(__name__)

# More cold starts at once than cores only make each of them slower.
_cold_starts = threading.BoundedSemaphore(os.cpu_count() or 1)


class DockerRuntime:
    name = "docker"

    def place(self, session: Session) -> Place:
        return Place(cwd=WORKSPACE, add_dirs=[GLOBAL], builtin_tools="all")

    def open(self, session: Session) -> OpenAgent:
        try:
            if warm := _warm(session):
                return warm
            with _cold_starts:
                return _cold(session)
        except ImageNotFound as error:
            raise RuntimeAwayError(
                f"The agent image {settings.AGENT_IMAGE} is not built: run `manage.py buildagent`."
            ) from error
        except ENGINE_ERRORS as error:
            raise RuntimeAwayError(f"No container could be started: {sentence(error)}") from error

    def release(self, session: Session, agent: OpenAgent) -> None:
        """Nothing to do: the link is closed, and the container waits for the next turn."""

    def abandon(self, session: Session) -> None:
        """Nothing to do: the other worker finds the container, and ends it when it is busy."""

    def discard(self, session: Session) -> None:
        try:
            remove(container_name(session))
        except ENGINE_ERRORS as error:
            logger.warning("the container of session %s could not be removed now: %s", session.pk, sentence(error))


def _warm(session: Session) -> OpenAgent | None:
    name = container_name(session)
    try:
        found = engine().inspect_container(name)
    except NotFound:
        return None
    spec = container_config(session)["Labels"]["ngb.spec"]
    if found["State"]["Running"] and found["Config"]["Labels"].get("ngb.spec") == spec:
        return OpenAgent(name=found["Id"][:12], stream=AttachedStream(name), warm=True)
    remove(name)
    return None


def _cold(session: Session) -> OpenAgent:
    _make_room()
    hand_over(session.group)
    name = container_name(session)
    container_id = engine().create_container_from_config(container_config(session), name=name)["Id"]
    stream = AttachedStream(name)
    try:
        engine().start(name)
    except BaseException:
        stream.close()
        remove(name)
        raise
    return OpenAgent(name=container_id[:12], stream=stream, warm=False)


def _make_room() -> None:
    """At most AGENT_MAX_CONTAINERS live: the least recently used idle one goes; RuntimeAwayError when all work."""
    living = {int(found["Labels"]["ngb.session"]) for found in containers_of_this_install()}
    if len(living) < settings.AGENT_MAX_CONTAINERS:
        return
    busy = Run.objects.filter(session__in=living, status=Run.Status.RUNNING).values("session")
    idle = Session.objects.filter(pk__in=living).exclude(pk__in=busy).order_by("last_run_at").first()
    if idle is None:
        raise RuntimeAwayError(
            f"All {settings.AGENT_MAX_CONTAINERS} places for agents are taken (AGENT_MAX_CONTAINERS)."
        )
    remove(container_name(idle))


def containers_of_this_install() -> list[dict[str, Any]]:
    found = engine().containers(all=True, filters={"label": f"ngb.install={settings.INSTALL_ID}"})
    return [container for container in found if container["Labels"].get("ngb.session", "").isdigit()]


def reap() -> int:
    """Removes idle and orphaned containers of this install, never another's; how many."""
    removed = 0
    for container in containers_of_this_install():
        if _is_done(container):
            remove(container["Id"])
            removed += 1
    return removed


def _is_done(container: dict[str, Any]) -> bool:
    session = Session.objects.select_related("group").filter(pk=container["Labels"]["ngb.session"]).first()
    if session is None:
        return True
    if session.runs.filter(status=Run.Status.RUNNING).exists():
        return False
    if container["State"] != "running":
        return True
    # A container without a finished run yet is as old as its creation.
    idle_since = session.last_run_at or session.created_at
    return idle_since + timedelta(seconds=session.group.idle_timeout) < timezone.now()


def remove_all() -> int:
    """At a clean stop of the service: no container of this install is left; how many there were."""
    living = containers_of_this_install()
    for container in living:
        remove(container["Id"])
    return len(living)
