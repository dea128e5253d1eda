"""The file in which the operator says which folders of the host agents may be given at all; read anew each time."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

MAX_SIZE = 1024 * 1024  # bytes


class AllowlistError(Exception):
    """There is no file, or it cannot be understood: no additional folder is mounted then. The sentence says why."""


@dataclass(frozen=True, slots=True)
class Root:
    """A folder whose inside may be mounted."""

    path: Path  # real, as this service sees it
    host_path: Path  # the same, as the Docker engine sees it
    allow_write: bool


@dataclass(frozen=True, slots=True)
class Allowlist:
    """What the file says."""

    roots: tuple[Root, ...]
    blocked: tuple[str, ...] = ()  # further patterns of names, such as *.pem
    others_read_only: bool = True  # groups that are not main may only read
    problems: tuple[str, ...] = field(default=())  # roots that do not count


def read() -> Allowlist:
    """The file as it is now; raises AllowlistError."""
    path = settings.MOUNT_ALLOWLIST
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SIZE + 1)
    except FileNotFoundError as error:
        raise AllowlistError(_("There is no mount allowlist %s.") % path) from error
    except OSError as error:
        sentence = _("The mount allowlist %(file)s cannot be read: %(why)s.")
        raise AllowlistError(sentence % {"file": path, "why": error.strerror}) from error
    try:
        return _parse(raw)
    except (ValueError, RecursionError) as error:
        raise AllowlistError(
            _("The mount allowlist %(file)s is broken: %(why)s.") % {"file": path, "why": error}
        ) from error


def _parse(raw: bytes) -> Allowlist:
    """Raises ValueError on whatever is not exactly as documented: a misspelled restriction must not be ignored."""
    if len(raw) > MAX_SIZE:
        raise ValueError(f"it is larger than {MAX_SIZE} bytes")
    said = json.loads(raw)
    _check_keys(said, {"allowedRoots": list, "blockedPatterns": list, "nonMainReadOnly": bool}, "the file")
    blocked = said.get("blockedPatterns", [])
    if not all(isinstance(pattern, str) and pattern for pattern in blocked):
        raise ValueError("blockedPatterns must hold names")
    roots = [_root(entry) for entry in said.get("allowedRoots", [])]
    return Allowlist(
        roots=tuple(root for root in roots if isinstance(root, Root)),
        blocked=tuple(blocked),
        others_read_only=said.get("nonMainReadOnly", True),
        problems=tuple(root for root in roots if isinstance(root, str)),
    )


def _root(entry: Any) -> Root | str:
    """A root that cannot be used now is a sentence; the others still count."""
    keys = {"path": str, "hostPath": str, "allowReadWrite": bool, "description": str}
    _check_keys(entry, keys, "an entry of allowedRoots")
    path: str = entry.get("path", "")
    if not path.startswith(("/", "~")) or "\0" in path:
        raise ValueError(f"the root {path!r} is no absolute path")
    try:
        real = Path(path).expanduser().resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle, or the home of nobody
        return _("The root %s does not exist.") % path
    in_container = settings.HOST_DATA_DIR != settings.DATA_DIR
    if in_container and "hostPath" not in entry:
        return _("The root %s needs its hostPath, because this service runs in a container itself.") % path
    host_path = Path(entry["hostPath"]) if in_container else real
    if not host_path.is_absolute() or ".." in host_path.parts:
        raise ValueError(f"the hostPath {entry['hostPath']!r} is no plain absolute path")
    return Root(real, host_path, entry.get("allowReadWrite", False))


def _check_keys(said: Any, kinds: dict[str, type], what: str) -> None:
    if not isinstance(said, dict):
        raise ValueError(f"{what} must be an object")  # noqa: TRY004 - one error for all that is not as documented
    for name, value in said.items():
        if name not in kinds:
            raise ValueError(f"{what} has the unknown key {name!r}")
        if not isinstance(value, kinds[name]):
            raise ValueError(f"{name} must be {kinds[name].__name__}, not {type(value).__name__}")  # noqa: TRY004
