import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.chats.models import Chat
from apps.events.pubsub import connection
from tests.fakes.telegram_api import TelegramApi
from tests.platforms.support import registered_chat, telegram_channel


class Listeners:
    """The real listeners in a thread with an event loop of their own."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], Any] = lambda: None
        self.error: BaseException | None = None

    def start(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="listeners", daemon=True)
        self._thread.start()
        assert ready.wait(30)

    def stop(self) -> None:
        if self._thread:
            self._stop()
            self._thread.join(60)
            assert not self._thread.is_alive(), "the listeners did not stop"
            self._thread = None
        if self.error:
            raise self.error

    def _run(self, ready: threading.Event) -> None:
        from apps.platforms.listeners.service import serve

        async def main() -> None:
            stopping = asyncio.Event()
            loop = asyncio.get_running_loop()
            self._stop = lambda: loop.call_soon_threadsafe(stopping.set)
            ready.set()
            await serve(stopping)
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            assert not left, f"left over: {left}"

        try:
            asyncio.run(main())
        except BaseException as error:
            self.error = error


@pytest.fixture
def fresh_redis(redis_server: str) -> None:
    """A real Redis that remembers nothing."""
    connection().flushdb()


@pytest.fixture
def listeners(settings: Any, transactional_db: None) -> Iterator[Listeners]:
    """Started by the test; quick to try again. Without Redis, so that the sweeps must do."""
    settings.CHANNEL_BACKOFF = (0.05, 0.5)
    settings.OUTBOX_RETRY_DELAY = (0.05, 1)
    started = Listeners()
    yield started
    started.stop()


@pytest.fixture
def api() -> Iterator[TelegramApi]:
    with TelegramApi() as server:
        yield server


@pytest.fixture
def chat(api: TelegramApi) -> Chat:
    return registered_chat(telegram_channel(api))
