"""A OneBot v11 implementation on the real wire, in a thread of its own: as a server, or calling a server of ours."""

import asyncio
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response

Json = dict[str, Any]

quiet = logging.getLogger(__name__)
quiet.setLevel(logging.CRITICAL)

TOKEN = "qq-token-that-nobody-may-see"
SELF_ID = 10001
ANN = {"user_id": 42, "nickname": "Ann", "card": "", "role": "member"}
HANG = "hang"  # instead of an answer: none


def text(words: str) -> Json:
    return {"type": "text", "data": {"text": words}}


def at(qq: int | str = SELF_ID) -> Json:
    return {"type": "at", "data": {"qq": str(qq)}}


class OneBot:
    """A context manager. Everything may be called from the test's thread."""

    def __init__(self) -> None:
        self.calls: list[Json] = []
        self.changed = threading.Condition()
        self.messages: dict[int, Json] = {}  # what get_msg knows
        self.online: bool | None = True
        self.token = TOKEN
        self.refuses_in_words = False  # NapCat's way: the socket opens, a frame says no
        self.greeting = ""  # sent as it is to whoever connects
        self.port = 0
        self._ids = 500
        self._troubles: dict[str, deque[Json | str]] = {}
        self._sockets: set[Connection] = set()
        self._half_dead: list[Connection] = []
        self._server: Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="onebot", daemon=True)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    @property
    def sent(self) -> list[Json]:
        """The params of what was sent and taken."""
        return [call["params"] for call in self.calls_of("send_") if call["taken"]]

    def calls_of(self, action: str) -> list[Json]:
        return [call for call in self.calls if call["action"].startswith(action)]

    def fail(self, action: str, *troubles: Json | str) -> None:
        """The coming calls of this action get these, in order: a frame without echo, or HANG."""
        self._troubles.setdefault(action, deque()).extend(troubles)

    def say(self, message: Any, *, group: int = 777, **fields: Any) -> int:
        """Somebody writes, in a direct chat where group is 0. Returns the message's id."""
        self._ids += 1
        words = text(message) if isinstance(message, str) and "[CQ" not in message else message
        place = {"message_type": "group", "group_id": group} if group else {"message_type": "private"}
        base = {"time": int(time.time()), "self_id": SELF_ID, "post_type": "message", "sub_type": "normal", **place}
        whole = {**base, "message_id": self._ids, "user_id": 42, "anonymous": None, "sender": ANN, "font": 0}
        event = {**whole, "message": [words] if isinstance(words, dict) else words, "raw_message": "…", **fields}
        self.messages[self._ids] = event
        self.push(event)
        return self._ids

    def heartbeat(self, *, online: bool = True) -> None:
        status = {"online": online, "good": online}
        about = {"time": int(time.time()), "self_id": SELF_ID, "post_type": "meta_event", "interval": 5000}
        self.push({**about, "meta_event_type": "heartbeat", "status": status})

    def push(self, frame: Json | str) -> None:
        raw = frame if isinstance(frame, str) else json.dumps(frame)
        for socket in list(self._sockets):
            self._run(socket.send(raw))

    def cut(self) -> None:
        """Ends every connection without a farewell."""
        for socket in list(self._sockets):
            self._loop.call_soon_threadsafe(socket.transport.abort)

    def dial(self, url: str, token: str = TOKEN, self_id: int = SELF_ID, **headers: str) -> ClientConnection:
        """The reverse way; raises InvalidStatus where we are refused, OSError where nobody listens."""
        sent = {"X-Self-ID": str(self_id), "X-Client-Role": "Universal", **headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        socket: ClientConnection = self._run(self._dial(url, {name: value for name, value in sent.items() if value}))
        return socket

    def dial_until(self, url: str, seconds: float = 30.0) -> ClientConnection:
        """As an implementation does: again and again, until somebody listens."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.dial(url)
            except OSError:
                assert time.monotonic() < deadline, "nobody listens"
                time.sleep(0.05)

    def refusal(self, url: str, **how: Any) -> int:
        """The status with which a reverse connection is refused."""
        try:
            self.dial(url, **how)
        except InvalidStatus as error:
            return error.response.status_code
        return HTTPStatus.SWITCHING_PROTOCOLS

    def forget(self, socket: Connection) -> None:
        """It stays open and half dead: nobody reads or writes there any more."""
        self._sockets.discard(socket)
        self._half_dead.append(socket)
        self._loop.call_soon_threadsafe(socket.transport.pause_reading)

    def wait_for(self, condition: Callable[[], Any], seconds: float = 30.0) -> Any:
        with self.changed:
            assert self.changed.wait_for(condition, seconds), [call["action"] for call in self.calls]
            return condition()

    def wait_for_sent(self, number: int) -> list[Json]:
        self.wait_for(lambda: len(self.sent) >= number)
        return self.sent

    def start(self) -> Self:
        """Also again after `stop`, on the same port."""
        if not self._thread.is_alive():
            self._thread.start()
        server: Server = self._run(self._serve())
        self._server, self.port = server, next(iter(server.sockets)).getsockname()[1]
        return self

    def stop(self) -> None:
        if self._server:
            self.cut()
            self._server.close()
            self._run(self._server.wait_closed())
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._run(self._rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    def _run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _rest(self) -> None:
        for socket in (*self._sockets, *self._half_dead):
            socket.transport.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self) -> Server:
        return await serve(
            self._exchange, "127.0.0.1", self.port, process_request=self._refuse, close_timeout=0.2, logger=quiet
        )

    async def _dial(self, url: str, headers: dict[str, str]) -> ClientConnection:
        socket = await connect(
            url, additional_headers=headers, proxy=None, close_timeout=0.2, ping_interval=None, logger=quiet
        )
        self._talks = asyncio.create_task(self._exchange(socket))
        await asyncio.sleep(0)
        return socket

    def _refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.refuses_in_words or request.headers.get("Authorization") == f"Bearer {self.token}":
            return None
        return connection.respond(401, "no")

    async def _exchange(self, socket: Connection) -> None:
        if self.refuses_in_words:
            await socket.send(json.dumps({"status": "failed", "retcode": 1403, "message": "token", "echo": None}))
            return
        self._sockets.add(socket)
        lifecycle = {"time": 1, "self_id": SELF_ID, "post_type": "meta_event", "meta_event_type": "lifecycle"}
        await socket.send(self.greeting or json.dumps({**lifecycle, "sub_type": "connect"}))
        try:
            async for raw in socket:
                if answer := self._answer(json.loads(raw)):
                    await socket.send(json.dumps(answer))
        except ConnectionClosed:
            pass  # the other side may go as it likes
        finally:
            self._sockets.discard(socket)

    def _answer(self, call: Json) -> Json | None:
        waiting = self._troubles.get(call["action"])
        trouble = waiting.popleft() if waiting else None
        with self.changed:
            self.calls.append({**call, "taken": trouble is None, "at": time.monotonic()})
            self.changed.notify_all()
        if isinstance(trouble, str):
            return None
        ok = {"status": "ok", "retcode": 0, "data": self._data(call["action"], call["params"]), "message": ""}
        unknown = {"status": "failed", "retcode": 1404, "data": None, "message": "unknown"}
        return {**(trouble or (unknown if ok["data"] is None else ok)), "echo": call["echo"]}

    def _data(self, action: str, params: Json) -> Json | None:
        if action == "get_msg":
            return self.messages.get(params["message_id"])
        if action in ("send_group_msg", "send_private_msg"):
            return {"message_id": 900 + len(self.sent)}
        known: dict[str, Json | None] = {
            "get_login_info": {"user_id": SELF_ID, "nickname": "Bot"},
            "get_status": None if self.online is None else {"online": self.online, "good": self.online},
            "get_group_info": {"group_id": params.get("group_id"), "group_name": "Team"},
            "upload_group_file": {"file_id": "/f-1"},
            "get_group_file_url": {"url": params.get("file_id", "")},
        }
        return known.get(action)
