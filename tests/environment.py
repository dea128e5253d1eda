"""An empty, temporary installation for the tests: a developer's own `.env`, keys and data play no part.

Imported by `tests.settings` before the settings read the environment. Real services that a test starts as
processes of their own get `service_environment(...)`, and their tables by `lay_tables(...)`.
"""

import atexit
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIRE_ALL = os.environ.get("NGB_TEST_REQUIRE_ALL") == "1"  # a test that would be skipped fails instead
KEPT = {"NGB_TEST_REQUIRE_ALL"}
OURS = (
    "NGB_",
    "AGENT_",
    "CHANNEL_",
    "OUTBOX_",
    "WEBHOOK_",
    "MEDIA_",
    "TRANSCRIPTION_",
    "ANTHROPIC_",
    "CLAUDE_CODE_",
    "REDIS_URL",
    "LOG_",
    "TIME_ZONE",
)


def _forget_the_developer() -> None:
    for name in [name for name in os.environ if name.startswith(OURS) and name not in KEPT]:
        del os.environ[name]
    os.environ["NGB_ENV_FILE"] = os.devnull


def _temporary_directory() -> Path:
    path = Path(tempfile.mkdtemp(prefix="ngb-tests-"))
    atexit.register(_remove, path, owner=os.getpid())
    return path


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # a fork of the tests must not take the directory with it when it ends
        shutil.rmtree(path, ignore_errors=True)


if os.environ.get("NGB_ENV_FILE") != os.devnull:
    _forget_the_developer()
    os.environ["NGB_DATA_DIR"] = str(_temporary_directory())

DATA_DIR = Path(os.environ["NGB_DATA_DIR"])


def service_environment(data_dir: Path, **more: str) -> dict[str, str]:
    """The environment of a real service on a data directory of its own; `DATABASE_URL` is passed on as it is."""
    own = {"NGB_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "nanogridbot.settings", "NO_COLOR": "1"}
    return {**os.environ, **own, **more}


def free_port() -> int:
    """For a process that binds it later: below those that the kernel gives meanwhile to whoever asks for any."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def lay_tables(data_dir: Path) -> None:
    """What `migrate` makes of an empty data directory with SQLite, without its seconds."""
    shutil.copy(_migrated_database(), data_dir)


@cache
def _migrated_database() -> Path:
    data_dir = DATA_DIR / "migrated"
    data_dir.mkdir()
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=service_environment(data_dir, DATABASE_URL=""), check=True, timeout=300)
    return data_dir / "db.sqlite3"
