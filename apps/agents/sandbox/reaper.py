"""Which containers of this installation have had their time, read from the engine's labels and our rows."""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.agents.models import Run, Session
from apps.agents.sandbox import networks, preflight
from apps.agents.sandbox.engine import ENGINE_ERRORS, engine, remove, sentence

logger = logging.getLogger(__name__)

AT_ONCE = 4  # removals; each one waits for the kernel more than it works


def containers_of_this_install() -> list[dict[str, Any]]:
    found = engine().containers(all=True, filters={"label": f"ngb.install={settings.INSTALL_ID}"})
    return [container for container in found if container["Labels"].get("ngb.session", "").isdigit()]


def session_of(container: dict[str, Any]) -> int:
    return int(container["Labels"]["ngb.session"])


def reap() -> int:
    """Removes idle and orphaned containers of this install, never another's; how many."""
    living = containers_of_this_install()
    sessions = Session.objects.select_related("group").in_bulk({session_of(container) for container in living})
    running = Run.objects.filter(session__in=sessions, status=Run.Status.RUNNING)
    busy = set(running.values_list("session", flat=True))
    done = [one for one in living if session_of(one) not in busy and _is_done(one, sessions.get(session_of(one)))]
    removed = _remove(done)
    networks.remove_unused()
    return removed


def _is_done(container: dict[str, Any], session: Session | None) -> bool:
    if session is None or container["State"] != "running" or preflight.reaches_otherwise(container, session.group):
        return True
    # A container without a finished run yet is as old as its creation.
    idle_since = session.last_run_at or session.created_at
    return idle_since + timedelta(seconds=session.group.idle_timeout) < timezone.now()


def remove_all() -> int:
    """At a clean stop of the service: no container of this install is left; how many there were."""
    removed = _remove(containers_of_this_install())
    networks.remove_unused(at_once=True)
    return removed


def _remove(containers: Iterable[dict[str, Any]]) -> int:
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reaper") as reapers:
        return sum(reapers.map(_removed, [container["Id"] for container in containers]))


def _removed(container_id: str) -> bool:
    """One that the engine keeps now is tried again at the next time."""
    try:
        remove(container_id)
    except ENGINE_ERRORS as error:
        logger.warning("the container %s could not be removed now: %s", container_id[:12], sentence(error))
        return False
    return True
