"""What an agent's container gets, and above all what it does not: no network, no secret, no capability, no root."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from docker.types import LogConfig, Mount, Ulimit

from apps.agents.errors import RuntimeAwayError
from apps.agents.models import Session
from apps.agents.sandbox import private_networks
from apps.agents.sandbox.engine import ENGINE_ERRORS, cores, engine, sentence
from apps.agents.sandbox.mounts import Verdict, judge
from apps.agents.sandbox.networks import network_of
from apps.agents.sandbox.preflight import mounts_label
from apps.chats.fields import containers
from apps.chats.models import Group
from apps.chats.workspace import folders, skills

AGENT_UID = 10001  # where the service itself is root: an agent never is
MOST_PIDS = 4_194_304  # Linux's PID_MAX_LIMIT; a container with more does not start
WORKSPACE = "/workspace/group"
GLOBAL = "/workspace/global"
SKILLS = "/workspace/skills"
CLAUDE_HOME = "/home/agent/.claude"


def container_name(session: Session) -> str:
    """Tells containers of other settings apart, so that the right one is found without asking what it is."""
    return named(session, container_config(session))


def named(session: Session, config: dict[str, Any]) -> str:
    return f"ngb-{settings.INSTALL_ID}-{session.pk}-{config['Labels']['ngb.spec']}"


def agent_ids() -> tuple[int, int]:
    """The service's own user and group, so that files stay ours; another one where that is root."""
    return (os.getuid(), os.getgid()) if os.getuid() else (AGENT_UID, AGENT_UID)


def container_config(session: Session) -> dict[str, Any]:
    """Everything the engine is told; nothing in it is secret. `ngb.spec` tells containers of other settings apart.

    Raises RuntimeAwayError where no engine says what version of its API it speaks.
    """
    try:
        config = _config(session)
    except ENGINE_ERRORS as error:
        raise RuntimeAwayError(_("No container can be started: %s") % sentence(error)) from error
    # Hashed before the label is in; the order of JSON keys does not matter.
    config["Labels"]["ngb.spec"] = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:16]
    return config


def _config(session: Session) -> dict[str, Any]:
    group = session.group
    verdict = judge(group)
    labels = {"ngb.install": settings.INSTALL_ID, "ngb.group": group.folder, "ngb.session": str(session.pk)}
    config = engine().create_container_config(
        settings.AGENT_IMAGE,
        None,
        user="{}:{}".format(*agent_ids()),
        stdin_open=True,
        environment=_environment(group),
        labels=labels | mounts_label(verdict) | private_networks.label(group),
        working_dir=WORKSPACE,
        host_config=_host_config(group, verdict),
    )
    # The client's default ends the runner's input with the first link that lets go.
    return {**config, "StdinOnce": False}


def _environment(group: Group) -> dict[str, str]:
    # The runner opens its proxy where it is told that there is somebody to ask.
    way_out = {"NGB_EGRESS": "1"} if group.network == Group.Network.ALLOWLIST else {}
    return containers.usable_env(group.env) | {"TZ": group.timezone} | way_out


def _host_config(group: Group, verdict: Verdict) -> dict[str, Any]:
    memory = group.memory_mb * 1024 * 1024
    return dict(
        engine().create_host_config(
            mounts=mounts(group) + _additional(verdict),
            network_mode=network_of(group),
            read_only=True,
            tmpfs={"/tmp": "rw,nosuid,nodev,size=256m,mode=1777"},  # noqa: S108 - the container's own
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            init=False,  # the image has its own, which lets nobody at the link
            mem_limit=memory,
            memswap_limit=memory,  # equal: no swap beyond the memory
            nano_cpus=int(min(float(group.cpus), cores()) * 1_000_000_000),
            pids_limit=min(group.pids, MOST_PIDS),
            ulimits=_ulimits(group),
            log_config=LogConfig(type="none"),
            runtime=settings.AGENT_OCI_RUNTIME or None,
        )
    )


def _ulimits(group: Group) -> list[Ulimit]:
    """No single file, not even one whose name is deleted already, may be larger than the disk quota."""
    largest = group.disk_quota_mb * 1024 * 1024
    limits = {"core": 0, "nofile": 4096, "fsize": largest}
    return [Ulimit(name=name, soft=limit, hard=limit) for name, limit in limits.items()]


def mounts(group: Group) -> list[Mount]:
    """The group's own folder and session, the memory that all share (only main may write it), and the skills."""
    return [
        _bind(folders.workspace(group), WORKSPACE),
        _bind(settings.GROUPS_DIR / "global", GLOBAL, read_only=not group.is_main),
        _bind(folders.session_directory(group), CLAUDE_HOME),
        _bind(skills.shared_folder(), SKILLS, read_only=True),
    ]


def _additional(verdict: Verdict) -> list[Mount]:
    return [
        Mount(mount.target, str(mount.source), type="bind", read_only=not mount.write) for mount in verdict.effective
    ]


def _bind(source: Path, target: str, *, read_only: bool = False) -> Mount:
    inside = source.relative_to(settings.DATA_DIR)
    return Mount(target, str(settings.HOST_DATA_DIR / inside), type="bind", read_only=read_only)


def hand_over(group: Group) -> None:
    """Where the service is root, what an agent must write belongs to the agent's user."""
    folders.create_workspace(group)
    skills.lay_out()
    if os.getuid():
        return
    folder, home = folders.workspace(group), folders.session_directory(group)
    # An agent without walls, that ran as we do, may have begun its home; not to write there would lose the memory.
    owned = [folder, folder / "logs", folder / "CLAUDE.md", home, *home.iterdir()]
    if group.is_main:
        owned += [folders.global_folder(), folders.global_folder() / "CLAUDE.md"]
    for path in owned:
        with suppress(FileNotFoundError):  # not there yet, or just removed by another container of the group
            if not path.is_symlink():
                os.chown(path, *agent_ids(), follow_symlinks=False)
