"""The gateway of the stand-in for Discord: sessions that can be resumed, and what may go wrong on any wire of it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.stand_in import Cut, Hang, Json, StandIn

TOKEN = "fake-token-of-a-fake-discord-bot"
ME = {"id": "999", "username": "andy", "global_name": "Andy", "discriminator": "0", "avatar": None, "bot": True}
CONTENT_INTENT = 1 << 15


@dataclass(frozen=True)
class Failure:
    """An error answer as Discord words it; `via`: not from Cloudflare, but from Discord itself."""

    status: int
    message: str = "scripted failure"
    code: int = 0
    retry_after: float | None = None
    via: bool = True


@dataclass(frozen=True)
class Garbage:
    """Not what Discord would answer."""

    body: bytes = b"[42]"


Trouble = Failure | Hang | Cut | Garbage


@dataclass
class _Session:
    """What the gateway would repeat."""

    intents: int
    events: list[Json] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None


@dataclass(frozen=True)
class Call:
    """One request: `kind` is one of send, edit, typing, react, me, application, gateway, channel, guild, file."""

    kind: str
    parameters: Json
    at: float  # time.monotonic()
    message_id: str = ""
    answered: bool = True  # False: a scripted trouble answered

    @property
    def text(self) -> str:
        return str(self.parameters.get("content") or "")

    @property
    def channel_id(self) -> str:
        return str(self.parameters["channel_id"])


class DiscordGateway(StandIn[Call, Trouble]):
    """What is said meanwhile is kept for those who resume."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = {TOKEN}
        self.content_granted = True
        self.heartbeat = 0.2
        self.deaf = False  # the gateway holds its connections and says nothing any more
        self.identified: list[Json] = []
        self.resumed: list[Json] = []
        self._sessions: dict[str, _Session] = {}
        self._refusal = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    async def _push(self, event: str, data: Any) -> None:
        for session in self._sessions.values():
            await self._tell(session, event, data)

    async def _tell(self, session: _Session, event: str, data: Any) -> None:
        frame = {"op": 0, "t": event, "s": len(session.events) + 1, "d": data}
        session.events.append(frame)
        if session.socket is not None and not session.socket.closed and self._loop and not self.deaf:
            await session.socket.send_str(json.dumps(frame))

    async def _to_all(self, act: Callable[[web.WebSocketResponse], Any]) -> None:
        for session in self._sessions.values():
            if session.socket is not None and not session.socket.closed:
                await act(session.socket)

    async def _hang_up(self, code: int) -> None:
        await self._to_all(lambda socket: _goodbye(socket, code))
        for session in self._sessions.values():
            session.socket = None

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        trouble = self.trouble("socket")
        if isinstance(trouble, Failure):
            return web.Response(status=trouble.status)
        socket = web.WebSocketResponse(timeout=0.5)
        await socket.prepare(request)
        if isinstance(trouble, Hang):
            await self._pause(trouble.seconds)
        if isinstance(trouble, Garbage):
            await socket.send_bytes(trouble.body)
        else:
            await socket.send_str(json.dumps({"op": 10, "d": {"heartbeat_interval": self.heartbeat * 1000}}))
        async for frame in socket:
            if frame.type is WSMsgType.TEXT and not self.deaf:
                await self._answer(socket, json.loads(frame.data))
        if self.deaf:
            await self._pause(60)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, frame: Json) -> None:
        if frame["op"] == 1:
            await socket.send_str('{"op":11}')
        elif frame["op"] == 2:
            await self._identify(socket, frame["d"])
        elif frame["op"] == 6:
            await self._resume(socket, frame["d"])

    async def _identify(self, socket: web.WebSocketResponse, given: Json) -> None:
        self.note(self.identified, given)
        if given["token"] not in self.tokens:
            await _goodbye(socket, 4004)
        elif given["intents"] & CONTENT_INTENT and not self.content_granted:
            await _goodbye(socket, 4014)
        elif self._refusal:
            await _goodbye(socket, self._refusal)
        else:
            session = _Session(given["intents"], socket=socket)
            name = f"session{len(self.identified)}"
            self._sessions = {name: session}
            about = {"v": 10, "user": ME, "guilds": [], "session_id": name, "application": {"id": "999", "flags": 0}}
            await self._tell(session, "READY", {**about, "resume_gateway_url": f"ws://127.0.0.1:{self.port}/gateway/"})

    async def _resume(self, socket: web.WebSocketResponse, given: Json) -> None:
        self.note(self.resumed, given)
        session = self._sessions.get(given["session_id"])
        if self._refusal:
            await _goodbye(socket, self._refusal)
            return
        if session is None:
            await socket.send_str('{"op":9,"d":false}')
            return
        session.socket = socket
        for frame in session.events[given["seq"] :]:
            await socket.send_str(json.dumps(frame))
        await self._tell(session, "RESUMED", {})

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass  # the usual case


async def _goodbye(socket: web.WebSocketResponse, code: int) -> None:
    """Leaves it to the client to answer; aiohttp's own `close` hangs up at once, and the code may get lost."""
    assert socket._writer is not None
    await socket._writer.close(code)


def cut(request: Any) -> None:
    if request is not None and request.transport is not None:
        request.transport.abort()
