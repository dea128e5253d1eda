"""Before and after a container's start: its network, what was refused, and whether it got what was judged."""

import json
import logging
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.agents.errors import AgentError
from apps.agents.sandbox import mounts, networks, private_networks
from apps.agents.sandbox.engine import engine
from apps.chats import incidents
from apps.chats.fields import containers
from apps.chats.models import Group

logger = logging.getLogger(__name__)

MOUNTS_LABEL = "ngb.mounts"  # target → where it was checked, device, inode, may it write


def prepare(group: Group) -> None:
    """The group's network is there, and what it asked for and does not get is said: once, as incidents count."""
    networks.ensure(group)
    for refusal in mounts.judge(group).refused:
        sentence = _("%(folder)s is not mounted: %(why)s") % {"folder": refusal.asked, "why": refusal.reason}
        incidents.record("refused mount", group.folder, sentence)
    for name, value in group.env.items() if isinstance(group.env, dict) else []:
        if problem := containers.variable_problem(name, value):
            incidents.record("refused variable", group.folder, problem)


def mounts_label(verdict: mounts.Verdict) -> dict[str, str]:
    """What was judged goes with the container, so that it can be compared with what was mounted."""
    judged = {mount.target: [str(mount.path), *mount.identity, mount.write] for mount in verdict.effective}
    return {MOUNTS_LABEL: json.dumps(judged, sort_keys=True)} if judged else {}


def reaches_otherwise(container: dict[str, Any], group: Group) -> bool:
    """Whether an idle container still has a network or a folder that its group should not have any more, or lacks one.

    What an agent has left running there would otherwise keep it until the next turn.
    """
    now = mounts_label(mounts.judge(group)).get(MOUNTS_LABEL)
    then = container["Labels"].get(MOUNTS_LABEL)
    return bool(then != now or container["HostConfig"]["NetworkMode"] != networks.network_of(group))


def verify(name: str, config: dict[str, Any]) -> None:
    """It runs, and its agent has not begun: an open network is closed to what is private.

    Raises AgentError, also when a folder was exchanged for another between its check and the container's start.
    """
    private_networks.close(name, config)
    judged = json.loads(config["Labels"].get(MOUNTS_LABEL, "{}"))
    if not judged:
        return
    pid = engine().inspect_container(name)["State"]["Pid"]
    for target, (path, device, inode, _write) in judged.items():
        if _identity(pid, target, path) != (device, inode):
            raise AgentError(_("%s was exchanged for another folder while it was being mounted.") % path)


def _identity(pid: int, target: str, path: str) -> tuple[int, int] | None:
    """As the container sees it, where the engine runs on this machine; else as it is here now."""
    local = settings.HOST_DATA_DIR == settings.DATA_DIR
    for seen in [Path(f"/proc/{pid}/root{target}")] * local + [Path(path)]:
        try:
            found = seen.stat()
        except OSError as error:
            logger.debug("%s cannot be looked at: %s", seen, error)
        else:
            return found.st_dev, found.st_ino
    return None
