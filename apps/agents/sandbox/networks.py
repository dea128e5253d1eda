"""What a container is connected to: nothing, or, where its group's network is open, a bridge of that group's own."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from docker.errors import APIError, NotFound

from apps.agents.sandbox.engine import engine
from apps.chats.models import Group

logger = logging.getLogger(__name__)

NONE = "none"
SETTLE = timedelta(minutes=5)  # a young network may be waiting for its first container


def network_of(group: Group) -> str:
    """The engine's name for it; the tunnels of a group with named hosts need none."""
    return f"ngb-{settings.INSTALL_ID}-net-{group.pk}" if group.network == Group.Network.OPEN else NONE


def ensure(group: Group) -> None:
    """The group's bridge is there afterwards, where it needs one; containers on it do not reach each other."""
    name = network_of(group)
    if name == NONE:
        return
    try:
        engine().inspect_network(name)
    except NotFound:
        _create(name, group)


def _create(name: str, group: Group) -> None:
    try:
        engine().create_network(
            name,
            driver="bridge",
            enable_ipv6=False,
            options={"com.docker.network.bridge.enable_icc": "false"},
            labels={"ngb.install": settings.INSTALL_ID, "ngb.group": group.folder},
        )
    except APIError as error:
        if error.status_code != 409:  # another worker was faster
            raise
    else:
        logger.info("the open network of %s is made", group.folder)


def remove_unused(*, at_once: bool = False) -> int:
    """Bridges of this install that no container is on; how many."""
    removed = 0
    for found in engine().networks(filters={"label": f"ngb.install={settings.INSTALL_ID}"}):
        created = datetime.fromisoformat(found["Created"][:19] + "+00:00")
        if not at_once and created + SETTLE > timezone.now():
            continue
        if engine().inspect_network(found["Id"])["Containers"]:
            continue
        try:
            engine().remove_network(found["Id"])
            removed += 1
        except APIError as error:  # a container was faster, or another worker
            logger.debug("the network %s stays: %s", found["Name"], error)
    return removed
