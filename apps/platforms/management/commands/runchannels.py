import asyncio
import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.platforms.listeners.service import serve


class Command(BaseCommand):
    help = "Holds every enabled channel's connection and delivers what waits, until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        sys.setswitchinterval(settings.THREAD_SWITCH_INTERVAL)
        with _only_one():
            asyncio.run(_serve_until_signalled())


async def _serve_until_signalled() -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(stopping)


@contextmanager
def _only_one() -> Iterator[None]:
    """A second one would send what the first is sending. Raises CommandError."""
    settings.RUN_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.RUN_DIR / "runchannels.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(f"runchannels runs already on {settings.DATA_DIR}.") from error
        yield
