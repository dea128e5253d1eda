"""What an agent is told of its own walls, so that it neither tries in vain nor promises what it cannot do."""

from django.conf import settings

from apps.agents.sandbox import mounts, private_networks
from apps.agents.sandbox.base import Place
from apps.chats.models import Group

SEALED = "Your programs have no network: nothing can be downloaded or looked up."
NAMED = "Your programs reach these hosts only, by the proxy that HTTP_PROXY names: {hosts} (ports {ports})."
ASKED = "For any other host an admin is asked while you wait; unanswered means no."
OPEN = "Your programs have a network."
CLOSED = "Private addresses are closed to them."


def described(group: Group, place: Place) -> str:
    """Lines to be added to the agent's instructions; empty where it has no tools that could reach anything."""
    if place.builtin_tools == "none":
        return ""
    return "".join(f"\n{line}" for line in [_network(group), *_folders(group)])


def _network(group: Group) -> str:
    if group.network == Group.Network.OPEN:
        return f"{OPEN} {CLOSED}" if private_networks.is_closed(group) else OPEN
    if group.network != Group.Network.ALLOWLIST:
        return SEALED
    hosts = ", ".join(map(str, group.allowed_domains)) or "none"
    said = NAMED.format(hosts=hosts, ports=", ".join(map(str, settings.EGRESS_PORTS)))
    return f"{said} {ASKED}" if group.approve_hosts else said


def _folders(group: Group) -> list[str]:
    found = mounts.judge(group).effective
    if not found:
        return []
    named = ", ".join(f"{mount.target}{'' if mount.write else ' (read only)'}" for mount in found)
    return [f"Folders of the host that you may use: {named}."]
