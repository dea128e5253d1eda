"""Which of a group's additional folders its container gets: one validator for every way a mount can be asked for."""

import fnmatch
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.agents.sandbox import mount_allowlist
from apps.agents.sandbox.mount_allowlist import Allowlist, AllowlistError, Root
from apps.chats.models import Group

EXTRA = "/workspace/extra"
NAME = re.compile(r"^\w[\w.-]{0,99}\Z")  # no slash, colon, comma or leading dot
MAX_MOUNTS = 20
KEYS = {"host", "container", "write"}
# Never, in any case; compared with whole components of the path, without regard to case.
BLOCKED = [
    *(".ssh", ".gnupg", ".gpg", ".aws", ".azure", ".gcloud", ".kube", ".docker", ".netrc", ".pgpass", ".npmrc"),
    *(".pypirc", ".git-credentials", ".password-store", "keyrings", "credentials", ".credentials", ".env", ".env.*"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "private_key", ".secret", ".secrets"),
]
SYSTEM = ["/proc", "/sys", "/dev", "/run", "/boot", "/etc", "/var/lib/docker", "/var/lib/containerd"]


class RefusedError(Exception):
    """The sentence says why this folder is not mounted."""


@dataclass(frozen=True, slots=True)
class ExtraMount:
    """A folder that was checked. `path` is real: the engine is given this one, so no link can lead elsewhere."""

    path: Path  # as this service sees it
    source: Path  # as the Docker engine sees it
    target: str
    write: bool
    identity: tuple[int, int]  # device and inode, as they were checked
    note: str = ""  # why it is read-only although writing was asked for


@dataclass(frozen=True, slots=True)
class Refusal:
    asked: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    effective: tuple[ExtraMount, ...] = ()
    refused: tuple[Refusal, ...] = ()


def judge(group: Group) -> Verdict:
    """What the group asks for, against the allowlist as it is now; never raises."""
    asked = group.mounts if isinstance(group.mounts, list) else [group.mounts]
    if not asked:
        return Verdict()
    try:
        allowlist = mount_allowlist.read()
    except AllowlistError as error:
        return Verdict(refused=tuple(Refusal(_named(mount), str(error)) for mount in asked[:MAX_MOUNTS]))
    effective: dict[str, ExtraMount] = {}
    refused = [Refusal(_named(mount), _("More than %d folders.") % MAX_MOUNTS) for mount in asked[MAX_MOUNTS:]]
    for mount in asked[:MAX_MOUNTS]:
        try:
            found = _judge_one(mount, allowlist, is_main=group.is_main)
            if found.target in effective:
                raise RefusedError(_("Another folder of this group is mounted at %s.") % found.target)
            effective[found.target] = found
        except RefusedError as error:
            refused.append(Refusal(_named(mount), str(error)))
    return Verdict(tuple(effective.values()), tuple(refused))


def _judge_one(mount: Any, allowlist: Allowlist, *, is_main: bool) -> ExtraMount:
    """Raises RefusedError."""
    host, name, write = _parts(mount)
    try:
        asked = Path(host).expanduser()
        if not asked.is_absolute() or "\0" in host:
            raise RefusedError(_("It is no absolute path."))
        real = asked.resolve(strict=True)
        found = real.stat()
    except (OSError, RuntimeError, UnicodeError) as error:  # RuntimeError: links in a circle, or the home of nobody
        raise RefusedError(_("It does not exist, or cannot be looked at.")) from error
    if not stat.S_ISDIR(found.st_mode):
        raise RefusedError(_("It is no folder."))
    _check_names(asked, real, allowlist)
    _check_ours(real)
    root = _root_of(real, allowlist)
    target = f"{EXTRA}/{_container_name(name, asked)}"
    note = _why_read_only(root, allowlist, is_main=is_main) if write else ""
    source = root.host_path / real.relative_to(root.path)
    return ExtraMount(real, source, target, write and not note, (found.st_dev, found.st_ino), note)


def _parts(mount: Any) -> tuple[str, str | None, bool]:
    if not isinstance(mount, dict) or not isinstance(mount.get("host"), str) or not mount["host"]:
        raise RefusedError(_("It names no folder of the host."))
    name, write = mount.get("container"), mount.get("write", False)
    if mount.keys() - KEYS or not isinstance(name, str | None) or not isinstance(write, bool):
        raise RefusedError(_("Only “host”, “container” (a name) and “write” (true or false) can be said of a folder."))
    return mount["host"], name, write


def _container_name(name: str | None, asked: Path) -> str:
    plain = asked.name if name is None else name
    if not NAME.match(plain) or ".." in plain:
        sentence = _("“%(name)s” is no plain name for a folder under %(folder)s.")
        raise RefusedError(sentence % {"name": plain[:100], "folder": EXTRA})
    return plain


def _check_names(asked: Path, real: Path, allowlist: Allowlist) -> None:
    for component in dict.fromkeys([*real.parts, *asked.parts]):
        for pattern in (*BLOCKED, *allowlist.blocked):
            if fnmatch.fnmatchcase(component.casefold(), pattern.casefold()):
                raise RefusedError(_("“%s” in its path is a blocked name.") % component[:100])


def _check_ours(real: Path) -> None:
    """Neither our configuration and data, nor the system's, nor a folder that holds any of it."""
    ours = [settings.DATA_DIR, settings.BASE_DIR, settings.MOUNT_ALLOWLIST.parent]
    for folder in [path.resolve() for path in (*ours, *map(Path, SYSTEM))]:
        if real.is_relative_to(folder) or folder.is_relative_to(real):
            raise RefusedError(_("It holds, or lies in, %s, which no agent may see.") % folder)
    for file in _our_files():
        if file.is_relative_to(real):
            raise RefusedError(_("It holds a file of this service's own configuration."))


def _our_files() -> list[Path]:
    """Settings and secrets that may lie anywhere: what NGB_ENV_FILE, NAME_FILE and DATABASE_URL point to."""
    named = [value for name, value in os.environ.items() if name.endswith("_FILE") and value.startswith(("/", "~"))]
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        named.append(str(database["NAME"]))
    return [Path(value).expanduser().resolve() for value in named]


def _root_of(real: Path, allowlist: Allowlist) -> Root:
    """The innermost root that holds it."""
    holding = [root for root in allowlist.roots if real.is_relative_to(root.path)]
    if not holding:
        more = f" {' '.join(allowlist.problems)}" if allowlist.problems else ""
        raise RefusedError(_("%s lies in none of the folders that the mount allowlist names.") % real + more)
    return max(holding, key=lambda root: len(root.path.parts))


def _why_read_only(root: Root, allowlist: Allowlist, *, is_main: bool) -> str:
    if not root.allow_write:
        return _("Read-only: the allowlist lets nobody write in %s.") % root.path
    if allowlist.others_read_only and not is_main:
        return _("Read-only: the allowlist lets only the main group write.")
    return ""


def _named(mount: Any) -> str:
    return str(mount.get("host") if isinstance(mount, dict) else mount)[:300]
