"""Slack's Web API and Socket Mode as far as the product uses them, with troubles on demand; in a thread of its own."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fakes.stand_in import Cut, Garbage, Hang, Json, StandIn

BOT_TOKEN = "xoxb-fake-bot-token-0123456789"
APP_TOKEN = "xapp-fake-app-token-0123456789"
ME = {"user_id": "UBOT", "bot_id": "BBOT", "user": "andy", "team_id": "T1", "team": "Acme"}
PEOPLE = {"UANN": "Ann Lee", "UBOB": "Bob"}
CHANNELS = {"C1": "general"}
SCOPES = "chat:write,users:read,files:read,files:write,reactions:write,channels:history"
LIMIT = 4000


@dataclass(frozen=True)
class Failure:
    """An error as Slack words it: with status 200, unless it says how long to wait."""

    error: str = "fatal_error"
    status: int = 200
    retry_after: int | None = None
    more: tuple[tuple[str, str], ...] = ()


Trouble = Failure | Hang | Cut | Garbage


@dataclass(frozen=True)
class Call:
    """One request as it arrived; `ts`: what it was answered with."""

    method: str
    parameters: Json
    at: float
    ts: str = ""
    answered: bool = True

    @property
    def text(self) -> str:
        return str(self.parameters.get("text", ""))


class SlackApi(StandIn[Call, Trouble]):
    """The server."""

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: dict[str, float] = {}  # time.time() by envelope
        self.tickets: list[str] = []
        self.connections: list[web.WebSocketResponse] = []
        self.most_connections = 0
        self.files: dict[str, tuple[bytes, str]] = {}  # content and media type by name
        self.uploads: list[tuple[str, bytes]] = []
        self.refuses_tickets = False
        self.deaf = False  # new connections read nothing and answer nothing, not even a goodbye
        self.silent_hello = False
        self._pending: dict[str, Json] = {}
        self._number = 0
        self._announced: dict[str, str] = {}

    # What a test does.

    @property
    def url(self) -> str:
        """What `options.api_base` should be."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def sent(self) -> list[Call]:
        return [call for call in self.calls if call.method == "chat.postMessage" and call.ts]

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def say(self, text: str, *, kind: str = "message", **event: Any) -> str:
        """Somebody writes; any field of a message event may be given. Returns its time, which is its id."""
        ts = event.get("ts") or self._ts()
        place = {"channel": "C1", "user": "UANN", "ts": ts, "team": "T1", "event_ts": ts}
        kinds = {"channel_type": "channel"} if kind == "message" else {}
        self.push({"type": kind, **place, **kinds, "text": text, **event})
        return str(ts)

    def push(self, event: Any, **envelope: Any) -> str:
        """A whole event as it is; returns the envelope's id."""
        with self.changed:
            self._number += 1
            name = f"E{self._number}"
        payload = {"team_id": "T1", "api_app_id": "A1", "type": "event_callback", "event_id": f"Ev{name}"}
        frame = {
            "envelope_id": name,
            "type": "events_api",
            "accepts_response_payload": False,
            "retry_attempt": 0,
            "retry_reason": "",
            "payload": {**payload, "event_time": int(time.time()), "event": event},
        }
        self._pending[name] = {**frame, **envelope}
        self._in_loop(self._tell(self._pending[name]))
        return name

    def press(self, value: str, *, ts: str, channel: str = "C1", user: str = "UANN", **container: Any) -> str:
        """Somebody presses a button; returns the envelope's id."""
        action = {"type": "button", "action_id": "answer-0", "block_id": "b", "value": value, "action_ts": self._ts()}
        place = {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False, **container}
        person = {"id": user, "username": user.lower(), "name": PEOPLE.get(user, user), "team_id": "T1"}
        payload = {"type": "block_actions", "user": person, "container": place, "actions": [action]}
        return self.push(None, type="interactive", accepts_response_payload=True, payload=payload)

    def send_raw(self, frame: str) -> None:
        self._in_loop(self._tell(frame))

    def disconnect(self, reason: str) -> None:
        self._in_loop(self._tell({"type": "disconnect", "reason": reason}, older=True))

    def cut(self) -> None:
        """The server closes every websocket."""
        self._in_loop(self._close_all())

    def start(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="slack-api", daemon=True)
        self._thread.start()
        assert ready.wait(30)
        return self

    def stop(self) -> None:
        """What hangs is let go."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)
        assert not self._thread.is_alive()

    # The wire.

    def _serve(self, ready: threading.Event) -> None:
        asyncio.run(self._main(ready))

    async def _main(self, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/api/{method}", self._method)
        application.router.add_get("/link", self._link)
        application.router.add_post("/upload/{name}", self._upload)
        application.router.add_get("/files/{name}", self._file)
        runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        ready.set()
        await self._stopping.wait()
        await self._close_all()
        await runner.cleanup()

    def _in_loop(self, action: Any) -> None:
        asyncio.run_coroutine_threadsafe(action, self._loop).result(30)

    def _ts(self) -> str:
        with self.changed:
            self._number += 1
            return f"{int(time.time())}.{self._number:06d}"

    def _note(self, action: Callable[[], Any]) -> None:
        with self.changed:
            action()
            self.changed.notify_all()

    async def _tell(self, frame: Json | str, *, older: bool = False) -> None:
        """To one connection, as Slack does; `older`: to the one that was there first."""
        if self.connections:
            connection = self.connections[0 if older else -1]
            try:
                await connection.send_str(frame if isinstance(frame, str) else json.dumps(frame))
            except ConnectionError:
                return  # it comes again on the next connection

    async def _close_all(self) -> None:
        for connection in list(self.connections):
            await connection.close(code=WSCloseCode.GOING_AWAY, drain=False)

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if self.refuses_tickets or ticket not in self.tickets:
            return web.Response(status=401)
        self.tickets.remove(ticket)
        connection = web.WebSocketResponse(timeout=0.2)
        await connection.prepare(request)
        if not self.silent_hello:
            await connection.send_str(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {}}))
        if self.deaf:
            await self._stopping.wait()
            return connection
        alone = all(other.closed for other in self.connections)
        self._note(lambda: self.connections.append(connection))
        self.most_connections = max(self.most_connections, len(self.connections))
        for frame in list(self._pending.values()) if alone else []:
            await connection.send_str(json.dumps({**frame, "retry_attempt": 1}))
        try:
            async for message in connection:
                if message.type == WSMsgType.TEXT:
                    self._acknowledge(json.loads(message.data))
        finally:
            self._note(lambda: self.connections.remove(connection))
        return connection

    def _acknowledge(self, frame: Json) -> None:
        name = frame["envelope_id"]
        self._pending.pop(name, None)
        self._note(lambda: self.acknowledged.setdefault(name, time.time()))

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method, given = request.match_info["method"], await _parameters(request)
        trouble = self.trouble(method)
        if isinstance(trouble, Failure | Garbage):
            self._note(lambda: self.calls.append(Call(method, given, time.monotonic(), answered=False)))
            return _troubled(trouble)
        if isinstance(trouble, Hang):
            await self._rest(trouble)
        if isinstance(trouble, Cut) and not trouble.done:
            return _cut(request)
        answer = self._answer(method, given, request.headers.get("Authorization", ""))
        if isinstance(trouble, Cut):
            return _cut(request)
        return web.json_response(answer, headers={"x-oauth-scopes": SCOPES})

    def _answer(self, method: str, given: Json, authorization: str) -> Json:
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if authorization != f"Bearer {wanted}":
            return {"ok": False, "error": "invalid_auth"}
        ts = ""
        if method == "chat.postMessage":
            if len(given["text"]) > LIMIT:
                return {"ok": False, "error": "msg_too_long"}
            ts = self._ts()
        self._note(lambda: self.calls.append(Call(method, given, time.monotonic(), ts)))
        return {"ok": True, **self._content(method, given), **({"ts": ts, "channel": given["channel"]} if ts else {})}

    def _content(self, method: str, given: Json) -> Json:
        if method == "auth.test":
            return dict(ME)
        if method == "apps.connections.open":
            ticket = f"ticket-{self._ts()}"
            self.tickets.append(ticket)
            return {"url": f"ws://127.0.0.1:{self.port}/link?ticket={ticket}&app_id=A1"}
        if method == "users.info":
            return {"user": {"id": given["user"], "profile": {"display_name": PEOPLE.get(given["user"], "")}}}
        if method == "conversations.info":
            return {"channel": {"id": given["channel"], "name": CHANNELS.get(given["channel"], "")}}
        if method == "files.info":
            return {"file": {"id": given["file"], "url_private": f"{self.url[:-4]}/files/{given['file']}"}}
        if method == "files.getUploadURLExternal":
            file_id = f"F{self._ts().replace('.', '')}"
            self._announced[file_id] = given["filename"]
            return {"upload_url": f"http://127.0.0.1:{self.port}/upload/{file_id}", "file_id": file_id}
        if method == "files.completeUploadExternal":
            files = given["files"]
            return {"files": json.loads(files) if isinstance(files, str) else files}
        return {}

    async def _upload(self, request: web.Request) -> web.Response:
        name, content = self._announced[request.match_info["name"]], await request.read()
        if self._script["upload"]:
            return _troubled(self._script["upload"].popleft())
        self._note(lambda: self.uploads.append((name, content)))
        return web.Response(text=f"OK - {len(content)}")

    async def _rest(self, hang: Hang) -> None:
        await asyncio.wait({asyncio.ensure_future(self._stopping.wait())}, timeout=hang.seconds)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if isinstance(hang := self._standing.get("file"), Hang):
            await self._rest(hang)
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return web.Response(body=b"<!DOCTYPE html><html>Sign in</html>", content_type="text/html")
        if request.match_info["name"] not in self.files:
            return web.Response(status=404)
        content, mime = self.files[request.match_info["name"]]
        return web.Response(body=content, content_type=mime)


async def _parameters(request: web.Request) -> Json:
    found: Json = dict(request.query)
    if request.content_type == "application/json":
        found |= await request.json()
    elif request.method == "POST":
        found |= dict(await request.post())
    return found


def _troubled(trouble: Trouble) -> web.Response:
    assert isinstance(trouble, Failure | Garbage)
    if isinstance(trouble, Garbage):
        return web.Response(body=trouble.body, content_type=trouble.content_type)
    headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
    body = {"ok": False, "error": trouble.error, **dict(trouble.more)}
    return web.json_response(body, status=trouble.status, headers=headers)


def _cut(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.abort()
    return web.Response()
