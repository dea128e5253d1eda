"""What a group's container gets, in words: read from the very configuration that the engine is given."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.agents.models import Session
from apps.agents.sandbox import mounts, private_networks
from apps.agents.sandbox.container_config import container_config
from apps.agents.sandbox.disk_usage import measure
from apps.agents.sandbox.mounts import Refusal
from apps.agents.sandbox.networks import NONE
from apps.chats.fields import containers
from apps.chats.models import Group
from apps.chats.workspace import folders as workspaces

MIB = 1024 * 1024
GLANCE = 0.5  # seconds for measuring the folders while somebody waits for a page


@dataclass(frozen=True, slots=True)
class Mounted:
    target: str
    source: str
    writable: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """For one group. Every sentence is ready to be shown."""

    rows: list[tuple[str, str]]
    mounted: list[Mounted]
    refused: list[Refusal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    told: str = ""  # the whole configuration as JSON, without the values of variables


def facts(group: Group) -> Facts:
    """Raises what the engine's client raises when no engine can be asked how it wants to be told."""
    config, verdict = container_config(Session(group=group)), mounts.judge(group)
    notes = {mount.target: mount.note for mount in verdict.effective}
    mounted = [
        Mounted(mount["Target"], mount["Source"], not mount["ReadOnly"], notes.get(mount["Target"], ""))
        for mount in config["HostConfig"]["Mounts"]
    ]
    refused = [*verdict.refused, *_refused_variables(group)]
    return Facts([*_rows(group, config)], mounted, refused, [*_warnings(group, config)], _told(config))


def _rows(group: Group, config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    host = config["HostConfig"]
    yield _("Container image"), config["Image"]
    yield _("OCI runtime"), host.get("Runtime") or _("the engine's own")
    yield _("Runs as"), config["User"]
    yield _("Capabilities"), _capabilities(host)
    yield _("New privileges"), _("never") if "no-new-privileges" in host["SecurityOpt"] else _("possible")
    yield _("Root file system"), _("read-only") if host["ReadonlyRootfs"] else _("writable")
    yield _("Temporary files"), ", ".join(f"{path} ({options})" for path, options in host["Tmpfs"].items())
    yield (
        _("Main memory"),
        _("%(memory)d MiB, and %(swap)d MiB of swap")
        % {
            "memory": host["Memory"] // MIB,
            "swap": (host["MemorySwap"] - host["Memory"]) // MIB,
        },
    )
    yield _("CPUs"), f"{host['NanoCpus'] / 1e9:g}"
    yield _("Processes"), str(host["PidsLimit"])
    yield _("Limits of each process"), _limits(host["Ulimits"])
    yield _("Disk"), _disk(group)
    yield _("Network"), _network(group, host["NetworkMode"])
    yield _("Variables"), ", ".join(_names(config))


def _capabilities(host: dict[str, Any]) -> str:
    if host["CapDrop"] == ["ALL"] and not host.get("CapAdd"):
        return _("none")
    return ", ".join(host.get("CapAdd") or []) or _("the engine's usual ones")


def _limits(ulimits: list[dict[str, Any]]) -> str:
    hard = {limit["Name"]: limit["Hard"] for limit in ulimits}
    return _("%(nofile)d open files, %(fsize)d MiB in one file, %(core)d bytes of memory dumped") % {
        **hard,
        "fsize": hard["fsize"] // MIB,
    }


def _disk(group: Group) -> str:
    folders = [workspaces.workspace(group), workspaces.session_directory(group)]
    found = measure(folders, seconds=GLANCE)
    taken = f"{found.bytes / MIB:.1f}"
    words = _("%(taken)s of %(quota)d MiB are taken") if found.whole else _("at least %(taken)s of %(quota)d MiB")
    return words % {"taken": taken, "quota": group.disk_quota_mb}


def _network(group: Group, mode: str) -> str:
    if mode != NONE:
        return _("open: %s, a bridge of its own") % mode
    if group.network != Group.Network.ALLOWLIST:
        return _("none; model calls go through the service")
    hosts = ", ".join(map(str, group.allowed_domains)) or _("no host")
    ports = ", ".join(map(str, settings.EGRESS_PORTS))
    said = _("none; through the service it reaches %(hosts)s (ports %(ports)s)") % {"hosts": hosts, "ports": ports}
    return f"{said}; " + _("an admin is asked for others") if group.approve_hosts else said


def _warnings(group: Group, config: dict[str, Any]) -> Iterator[str]:
    if private_networks.LABEL in config["Labels"]:
        yield _(
            "The network is open: the agent reaches the whole internet, and can tell it what it knows. Private"
            " addresses and the metadata addresses of clouds are closed. Named hosts are safer."
        )
    elif config["HostConfig"]["NetworkMode"] != NONE:
        yield _(
            "The network is open: the agent reaches the internet, this machine's services, the local network and, in a"
            " cloud, the metadata address that may hand out credentials. Named hosts are safer."
        )
    for name in containers.likely_secrets(group.env):
        yield _("%s looks like a secret. The agent can read it, and can be talked into telling it.") % name
    asked, given = float(group.cpus), config["HostConfig"]["NanoCpus"] / 1e9
    if given < asked:
        yield _("%(asked)g CPUs are asked for; the engine has %(given)g.") % {"asked": asked, "given": given}


def _refused_variables(group: Group) -> Iterator[Refusal]:
    for name, value in group.env.items() if isinstance(group.env, dict) else []:
        if problem := containers.variable_problem(name, value):
            yield Refusal(str(name), problem)


def _names(config: dict[str, Any]) -> list[str]:
    return [variable.partition("=")[0] for variable in config["Env"]]


def _told(config: dict[str, Any]) -> str:
    return json.dumps(config | {"Env": [f"{name}=…" for name in _names(config)]}, indent=2, ensure_ascii=False)
