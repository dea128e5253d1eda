import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from apps.chats import services
from apps.chats.models import Channel, Chat, Group, Message, Platform
from apps.events.pubsub import connection
from tests.fakes.telegram_api import TOKEN, TelegramApi
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
def api() -> Iterator[TelegramApi]:
    with TelegramApi() as server:
        yield server


def telegram_channel(api: TelegramApi, name: str = "bot", **fields: Any) -> Channel:
    fields = {"credentials": {"token": TOKEN}, "options": {"api_base": api.url}, **fields}
    return Channel.objects.create(platform=Platform.TELEGRAM, name=name, **fields)


def registered_chat(channel: Channel, external_id: str = "-1001", **fields: Any) -> Chat:
    """A chat that the group `team` serves."""
    group = Group.objects.filter(folder="team").first() or services.create_group(folder="team", **fields)
    return Chat.objects.create(channel=channel, external_id=external_id, group=group, title="Team")


def send(chat: Chat, text: str, **fields: Any) -> Message:
    """Into the outbox."""
    message = services.send_message(chat, text=text, **fields)
    assert message
    return message


@pytest.fixture
def chat(api: TelegramApi) -> Chat:
    return registered_chat(telegram_channel(api))


def status(name: str = "bot") -> str:
    return Channel.objects.get(name=name).status


def detail(name: str = "bot") -> str:
    return Channel.objects.get(name=name).status_detail


def lost(name: str = "bot") -> str:
    """Why the connection was lost last, empty if it never was: it stays to be read when all is well again."""
    return Channel.objects.get(name=name).last_error


def until_quiet(look: Callable[[], Any], seconds: float) -> None:
    """Until what is looked at stayed the same for so long."""

    def is_quiet() -> bool:
        before = look()
        time.sleep(seconds)
        return bool(look() == before)

    until(is_quiet)


def outbound(delivery: str) -> int:
    return Message.objects.outbound().filter(delivery=delivery).count()


def age(message: Message, **by: float) -> None:
    Message.objects.filter(pk=message.pk).update(created_at=message.created_at - timedelta(**by))
