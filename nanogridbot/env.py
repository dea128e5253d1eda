"""What the environment says: every setting is read here once, `NAME_FILE` beside `NAME` for secrets."""

import ipaddress
import math
import os
import secrets
import tempfile
import zoneinfo
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_LENGTH = 32
MAX_PORT = 65535
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable, or the content of the file that `NAME_FILE` names; empty is the same as not set.

    Raises ImproperlyConfigured, as everything here does.
    """
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, "").strip() or default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE={path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ImproperlyConfigured(f"{name}_FILE={path} is no text file") from error


def flag(name: str, default: bool = False) -> bool:
    value = text(name, str(default)).lower()
    if value in TRUE | FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no")


def number(name: str, default: float, at_least: float = 0) -> float:
    value = text(name, str(default))
    try:
        result = float(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number") from error
    if not math.isfinite(result):
        raise ImproperlyConfigured(f"{name}={value!r} is not a number")
    if result < at_least:
        raise ImproperlyConfigured(f"{name}={value} must be at least {at_least:g}")
    return result


def integer(name: str, default: int, at_least: int = 0) -> int:
    result = number(name, default, at_least)
    if not result.is_integer():
        raise ImproperlyConfigured(f"{name}={result} is not a whole number")
    return int(result)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value in allowed:
        return value
    raise ImproperlyConfigured(f"{name}={value!r}: one of {', '.join(allowed)} is expected")


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def numbers(name: str, default: str) -> list[float]:
    """A comma-separated list of numbers, none below zero."""
    try:
        found = [float(word) for word in words(name, default)]
    except ValueError:
        found = [-1]
    if all(0 <= each < math.inf for each in found):
        return found
    raise ImproperlyConfigured(f"{name}={text(name)!r}: numbers with commas between them are expected")


def ports(name: str, default: str) -> list[int]:
    """A comma-separated list of TCP ports."""
    found = words(name, default)
    if all(word.isascii() and word.isdigit() and 0 < int(word) <= MAX_PORT for word in found):
        return [int(word) for word in found]
    raise ImproperlyConfigured(f"{name}={text(name)!r}: ports with commas between them are expected")


def url(name: str, default: str = "", schemes: tuple[str, ...] = ("http", "https")) -> str:
    """An address without a slash at its end."""
    value = text(name, default).rstrip("/")
    try:
        parts = urlsplit(value)
        complete = parts.scheme in schemes and bool(parts.path if parts.scheme == "unix" else parts.hostname)
    except ValueError:
        complete = False
    if complete or not value:
        return value
    # The value may hold a password, and is not repeated.
    raise ImproperlyConfigured(f"{name} is no address that begins with {' or '.join(f'{each}://' for each in schemes)}")


def timezone(name: str, default: str) -> str:
    value = text(name, default)
    if value in zoneinfo.available_timezones():
        return value
    raise ImproperlyConfigured(f"{name}={value!r} is no time zone; Europe/Berlin is one")


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """A comma-separated list such as 10.1.0.0/16."""
    try:
        return [ipaddress.ip_network(word) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def directory(name: str, default: Path) -> Path:
    """An absolute path; the folder is made (mode 0700) where it is missing."""
    path = Path(text(name, str(default))).expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: the folder {path} cannot be made: {error.strerror}") from error
    return path


def kept_secret(path: Path) -> str:
    """The secret in the file, generated once (mode 0600); safe when two processes start together."""
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be read or made: {error.strerror}") from error
    if not secret:
        raise ImproperlyConfigured(f"{path} is empty: delete it, and a new secret is made at the next start")
    return secret


def _make_secret(path: Path) -> None:
    """Written aside and linked into place: nobody ever reads half of it, and the first one wins."""
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        Path(aside).unlink()


def split_bind(bind: str) -> tuple[str, int]:
    """`host:port`, `[v6]:port`; raises ImproperlyConfigured."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit() or int(port) > MAX_PORT:
        raise ImproperlyConfigured(f"NGB_BIND={bind!r}: host:port is expected, such as 127.0.0.1:8000")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def unsafe_bind(bind: str, *, debug: bool, secret: str) -> str:
    """Why the service must not listen there, or an empty string."""
    host, _ = split_bind(bind)
    if is_loopback(host):
        return ""
    if debug:
        return (
            f"NGB_BIND={bind} is not a loopback address and NGB_DEBUG is on: error pages show the inside to everyone."
        )
    if len(secret) < MIN_SECRET_LENGTH:
        return (
            f"NGB_BIND={bind} is not a loopback address and NGB_SECRET_KEY is shorter than {MIN_SECRET_LENGTH}"
            " characters: sessions could be forged. Leave it empty to have one generated."
        )
    return ""
