import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator
from django.db import connections
from django.test import Client

from apps.agents.models import Question, Run
from apps.agents.questions import questions
from apps.agents.services import request_run, session_for
from apps.chats.models import Attachment, Chat
from nanogridbot.asgi import application

PATIENCE_S = 30


def story(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """An async test, run to its end; channels' test client keeps the threads' connections open, this closes them."""

    async def with_one_thread(*args: Any, **kwargs: Any) -> None:
        threads = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(threads)
        try:
            await test(*args, **kwargs)
        finally:
            await asyncio.wrap_future(threads.submit(connections.close_all))

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async_to_sync(with_one_thread)(*args, **kwargs)

    return run


def socket_to(
    client: Client | None,
    folder: str = "family",
    *,
    seen: int = 0,
    origin: str = "http://localhost",
    language: str = "en",
) -> WebsocketCommunicator:
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()) if client else ""
    headers = [(b"host", b"localhost"), (b"origin", origin.encode()), (b"cookie", cookies.encode())]
    return WebsocketCommunicator(application, f"/ws/chat/{folder}/?seen={seen}&language={language}", headers=headers)


@asynccontextmanager
async def opened(client: Client, **more: Any) -> AsyncIterator[tuple[WebsocketCommunicator, Any]]:
    """An open page that has caught up: yields (socket, first frame)."""
    socket = socket_to(client, **more)
    assert (await socket.connect(timeout=PATIENCE_S))[0]
    try:
        yield socket, await socket.receive_json_from(timeout=PATIENCE_S)
    finally:
        await socket.disconnect()


async def close_code(socket: WebsocketCommunicator) -> int:
    connected, _ = await socket.connect(timeout=PATIENCE_S)
    assert connected
    return int((await socket.receive_output(timeout=PATIENCE_S))["code"])


def run_of(chat: Chat, status: str = "running", **more: Any) -> Run:
    assert chat.group
    return Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", status=status, **more)


def ask(
    chat: Chat, kind: Question.Kind = Question.Kind.APPROVAL, choices: Sequence[str] = ("Approve", "Refuse")
) -> Question:
    assert chat.group
    run = request_run(chat.group, chat=chat, cause=Run.Cause.REQUEST, prompt="go")
    assert run.claim("a worker of the tests")
    return questions.ask(run, "May **it**?", choices=choices, kind=kind, places=[questions.Place(chat)])


def status(question: Question) -> tuple[str, str]:
    question.refresh_from_db()
    return question.status, question.answer


def address(attachment: Attachment) -> str:
    return f"/chat/family/files/{attachment.pk}/"
