"""A PostgreSQL to measure on: the one that DATABASE_URL_POSTGRES names, else a private one from Debian's package."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

START_TIMEOUT = 30.0
OWNER = "postgres"  # the package's own user; the server refuses to run as root


@contextmanager
def database() -> Iterator[str]:
    """The DATABASE_URL of an empty database that is gone afterwards; empty where there is no PostgreSQL."""
    if given := os.environ.get("DATABASE_URL_POSTGRES"):
        yield from _own_database(given)
    elif found := sorted(Path("/usr/lib/postgresql").glob("*/bin")):
        with tempfile.TemporaryDirectory(prefix="ngb-postgres-") as folder:
            yield from _private_server(found[-1], Path(folder))
    else:
        yield ""


def _own_database(server: str) -> Iterator[str]:
    name = f"ngb_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _private_server(programs: Path, folder: Path) -> Iterator[str]:
    """On a socket in the folder, with the package's own settings."""
    user = OWNER if not os.getuid() else None
    if user:
        folder.chmod(0o755)
        subprocess.run(["chown", user, folder], check=True, timeout=10)
    data = folder / "data"
    make: list[str | Path] = [
        programs / "initdb",
        "--pgdata",
        data,
        "--username",
        OWNER,
        "--auth",
        "trust",
        "--no-sync",
    ]
    subprocess.run(make, check=True, user=user, stdout=subprocess.DEVNULL, timeout=60)
    serve: list[str | Path] = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(serve, user=user, stdout=log, stderr=log)
    try:
        _wait_for(server, folder)
        yield f"postgres://{OWNER}@{quote(str(folder), safe='')}/postgres"
    finally:
        server.terminate()
        server.wait(START_TIMEOUT)


def _wait_for(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            psycopg.connect(host=str(folder), user=OWNER, dbname="postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
