import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from apps.agents.models import Question, Run
from apps.agents.services import session_for
from apps.chats.models import Chat, Message
from apps.events.pubsub import connection
from apps.platforms.status import progress
from tests.fakes.telegram_api import TelegramApi
from tests.platforms.support import ask, fall_silent, registered_chat, status, telegram_channel
from tests.waiting import until


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
def own_folders(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


@pytest.fixture
def api() -> Iterator[TelegramApi]:
    with TelegramApi() as server:
        yield server


@pytest.fixture
def chat(api: TelegramApi) -> Chat:
    return registered_chat(telegram_channel(api))


@pytest.fixture
def working(
    api: TelegramApi, listeners: Listeners, fresh_redis: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """A run that has just begun."""
    settings.PROGRESS_AFTER = 30
    monkeypatch.setattr(progress, "LOOK", 0.2)
    monkeypatch.setattr(progress, "EVERY", 0.2)
    monkeypatch.setattr("apps.platforms.adapters.telegram.adapter.TelegramAdapter.edit_every", 0.1)
    chat = registered_chat(telegram_channel(api))
    assert chat.group
    Message.objects.create(
        chat=chat, direction="in", external_id="55", text="@Andy go", calls_agent=True, created_at=timezone.now()
    )
    run = Run.objects.create(
        session=session_for(chat.group), chat=chat, cause="message", status="running", started_at=timezone.now()
    )
    listeners.start()
    until(lambda: status() == "online")
    return run


@pytest.fixture
def silent(working: Run) -> Run:
    """It has said nothing for a while."""
    return fall_silent(working)


@pytest.fixture
def question(fresh_redis: None, chat: Chat, listeners: Listeners) -> Question:
    """Asked in a chat whose listeners run."""
    listeners.start()
    until(lambda: status() == "online")
    return ask(chat)
