"""Closes the inner side of an open network: private hosts, the wire's neighbours, and the clouds' metadata addresses.

A bridge cannot do it, and the host's firewall is not ours. So each container's own routes are changed before its agent
begins, by a helper that shares nothing with it but the network; the agent itself has no right to change them.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from requests.exceptions import RequestException

from apps.agents import addresses
from apps.agents.addresses import Network
from apps.agents.errors import AgentError, PermanentAgentError
from apps.agents.sandbox.engine import engine, remove, sentence
from apps.chats.models import Group

logger = logging.getLogger(__name__)

LABEL = "ngb.closed"  # networks closed, then those opened again; it goes with the container's other settings
OWNER = ("ngb.install", "ngb.group", "ngb.session")
PROGRAM = ["/opt/agent/venv/bin/python", "-I", "-m", "ngb_runner.routes"]
PATIENCE = 20  # seconds; it takes half of one
RUNC = ("", "runc")  # other OCI runtimes may keep routes of their own, out of the helper's reach


def is_closed(group: Group) -> bool:
    """Whether an open network of this group ends at what is private."""
    return group.network == Group.Network.OPEN and settings.AGENT_OCI_RUNTIME in RUNC


def label(group: Group) -> dict[str, str]:
    if not is_closed(group):
        return {}
    closed, opened = addresses.closed_to_open_networks(settings.EGRESS_ALLOW_PRIVATE)
    return {LABEL: f"{_joined(closed)} {_joined(opened)}".strip()}


def close(name: str, config: dict[str, Any]) -> None:
    """The running container's network, before its agent's first word; raises AgentError."""
    said = config["Labels"].get(LABEL)
    if said is None:
        return
    helper = f"{name}-routes"
    try:
        remove(helper)  # of a worker that died
        engine().create_container_from_config(_helper(name, config["Labels"], said.split()), name=helper)
        engine().start(helper)
        ended = engine().wait(helper, timeout=PATIENCE)["StatusCode"]
        words = engine().logs(helper, tail=1).decode(errors="replace").strip() if ended else ""
    except RequestException as error:  # no answer in time, or the engine's refusal
        raise AgentError(_("The open network could not be closed to private hosts: %s") % sentence(error)) from error
    finally:
        remove(helper)
    if ended:
        logger.error("the routes of %s: %s", name, words)
        raise PermanentAgentError(
            _(
                "The open network could not be closed to private hosts: build the agent's image anew (manage.py"
                " buildagent). %s"
            )
            % words[-200:]
        )


def _helper(name: str, labels: dict[str, str], arguments: list[str]) -> dict[str, Any]:
    """Of the same session, so that what a dying worker leaves goes when its containers go."""
    host_config = engine().create_host_config(
        network_mode=f"container:{name}",
        cap_drop=["ALL"],
        cap_add=["NET_ADMIN"],
        security_opt=["no-new-privileges"],
        read_only=True,
        mem_limit="128m",
        pids_limit=16,
    )
    config = engine().create_container_config(
        settings.AGENT_IMAGE,
        arguments,
        entrypoint=PROGRAM,
        user="0:0",
        host_config=host_config,
        labels={kind: labels[kind] for kind in OWNER},
    )
    return dict(config)


def _joined(networks: Sequence[Network]) -> str:
    return ",".join(map(str, networks))
