"""A stand-in for Discord on 127.0.0.1, its REST API and its gateway, in a thread with an event loop of its own.

with DiscordApi() as api:
    ...                                     # options.api_base = api.url, token = TOKEN
    api.say("hello", channel_id="600")
    api.fail("send", Failure(429, retry_after=0.2))
    assert api.wait_for_sent(1)[0].text == "hi"
"""

import asyncio
import copy
import json
import threading
import time
from typing import Any, Self

from aiohttp import web

from tests.fakes.discord_gateway import ME, TOKEN, Call, DiscordGateway, Failure, Garbage, Trouble, cut
from tests.fakes.stand_in import Cut, Hang, Json

ANN = {"id": "42", "username": "ann", "global_name": "Ann", "discriminator": "0", "avatar": None}
BOT_ROLE = {"id": "901", "name": "Andy", "tags": {"bot_id": "999"}}
GUILD = {"id": "500", "name": "Home", "roles": [{"id": "500", "name": "@everyone"}, BOT_ROLE]}
CHANNELS: dict[str, dict[str, Any]] = {
    "600": {"id": "600", "type": 0, "guild_id": "500", "name": "general"},
    "601": {"id": "601", "type": 0, "guild_id": "500", "name": "other"},
    "650": {"id": "650", "type": 11, "guild_id": "500", "name": "a thread", "parent_id": "600"},
    "700": {"id": "700", "type": 1},
}
EPOCH = 1420070400000


class DiscordApi(DiscordGateway):
    """The server."""

    def __init__(self) -> None:
        super().__init__()
        self.flags = 1 << 19  # of the application: it may read what is written
        self.remaining = 1000  # connections for today
        self.channels = copy.deepcopy(CHANNELS)
        self.files: dict[str, bytes] = {}
        self.uploads: list[tuple[str, bytes]] = []
        self._nonces: dict[str, Json] = {}
        self._ids = 0
        self._thread: threading.Thread | None = None

    # What a test does.

    @property
    def sent(self) -> list[Call]:
        return [call for call in self.calls if call.kind == "send" and call.message_id]

    def calls_of(self, kind: str) -> list[Call]:
        return [call for call in self.calls if call.kind == kind]

    def new_id(self) -> str:
        self._ids += 1
        return str((int(time.time() * 1000) - EPOCH << 22) + self._ids)

    def message(self, text: str = "", *, channel_id: str = "600", author: Json | None = None, **given: Any) -> Json:
        """As Discord words it; any field may be given."""
        direct = self.channels[channel_id]["type"] == 1
        place = {} if direct else {"guild_id": "500", "member": {"nick": None, "roles": []}}
        base: Json = {
            "id": self.new_id(), "channel_id": channel_id, "author": author or ANN, "content": text,
            "timestamp": "2026-01-01T00:00:00.000000+00:00", "edited_timestamp": None, "tts": False,
            "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
            "pinned": False, "type": 0, "flags": 0, "components": [],
        }  # fmt: skip
        return {**base, **place, **given}

    def say(self, text: str = "", **given: Any) -> str:
        """Somebody writes. Returns the message's id."""
        message = self.message(text, **given)
        self.push("MESSAGE_CREATE", message)
        return str(message["id"])

    def press(self, custom_id: str, *, message_id: str, channel_id: str = "600", user: Json | None = None) -> str:
        """Somebody presses a button. Returns the interaction's id."""
        person, number = user or ANN, self.new_id()
        direct = self.channels[channel_id]["type"] == 1
        who = {"user": person} if direct else {"guild_id": "500", "member": {"user": person, "nick": None, "roles": []}}
        under = {"id": message_id, "channel_id": channel_id, "author": ME}
        press = {"id": number, "application_id": "999", "type": 3, "version": 1, "token": f"press-token-{number}"}
        data = {"component_type": 2, "custom_id": custom_id, "id": 2}
        self.push("INTERACTION_CREATE", {**press, "channel_id": channel_id, "message": under, "data": data, **who})
        return number

    def push(self, event: str, data: Any) -> None:
        """Something happens in all sessions, connected or not."""
        self._do(self._push(event, data))

    def frame(self, text: str) -> None:
        """Exactly this text to everybody who is connected."""
        self._do(self._to_all(lambda socket: socket.send_str(text)))

    def close_gateway(self, code: int, *, refuse: bool = False) -> None:
        """`refuse`: whoever comes again is told the same."""
        self._refusal = code if refuse else 0
        self._do(self._hang_up(code))

    def lose_sessions(self) -> None:
        """Whoever is connected is told that its session ended; nothing can be resumed any more."""
        self.frame('{"op":9,"d":false}')
        self._sessions.clear()

    def start(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="discord-api", daemon=True)
        self._thread.start()
        assert ready.wait(30)
        return self

    def stop(self) -> None:
        """Cuts every connection; what is said meanwhile is kept for those who resume."""
        if self._thread and self._loop:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(30)
            self._thread = self._loop = None

    # What the wire does.

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("GET", "/gateway/", self._gateway)
        application.router.add_route("*", "/{path:.*}", self._request)
        runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        ready.set()
        await self._stopping.wait()
        for session in self._sessions.values():
            if session.socket is not None and session.socket.prepared:
                cut(session.socket._req)
                session.socket = None
        await runner.cleanup()

    def _do(self, coroutine: Any) -> None:
        if self._loop is None:
            asyncio.run(coroutine)
        else:
            asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _request(self, request: web.Request) -> web.StreamResponse:
        kind, parameters = await self._read(request)
        trouble = self.trouble(kind)
        if isinstance(trouble, Hang):
            await self._pause(trouble.seconds)
        elif trouble:
            return self._troubled(request, kind, parameters, trouble)
        if kind == "file":
            name = request.path.rpartition("/")[2]
            return web.Response(body=self.files[name]) if name in self.files else web.Response(status=404)
        if request.headers.get("Authorization") != f"Bot {TOKEN}" or TOKEN not in self.tokens:
            return _json({"message": "401: Unauthorized", "code": 0}, 401)
        answer = self._carry_out(kind, parameters)
        return web.Response(status=204) if answer is None else _json(answer, 200 if answer else 404)

    def _troubled(self, request: web.Request, kind: str, parameters: Json, trouble: Trouble) -> web.StreamResponse:
        if isinstance(trouble, Garbage):
            self._record(kind, parameters, answered=False)
            return web.Response(body=trouble.body, content_type="application/json")
        if isinstance(trouble, Failure):
            self._record(kind, parameters, answered=False)
            headers = {"Via": "1.1 google"} if trouble.via else {}
            body: Json = {"message": trouble.message, "code": trouble.code}
            if trouble.retry_after is not None:
                headers["Retry-After"] = str(trouble.retry_after)
                body = {**body, "retry_after": trouble.retry_after, "global": False}
            return _json(body, trouble.status, headers)
        if isinstance(trouble, Cut) and trouble.done:
            self._carry_out(kind, parameters)
        cut(request)
        return web.Response()

    async def _read(self, request: web.Request) -> tuple[str, Json]:
        parts = request.path.removeprefix("/api/v10/").split("/")
        parameters: Json = {"channel_id": parts[1]} if len(parts) > 1 else {}
        parameters["content_type"] = request.content_type
        if request.content_type == "multipart/form-data":
            fields = await request.post()
            parameters |= json.loads(str(fields["payload_json"]))
            for given in fields.values():
                if isinstance(given, web.FileField):
                    self.uploads.append((given.filename, given.file.read()))
        elif request.can_read_body:
            parameters |= await request.json()
        return _kind(request.method, parts, parameters), parameters

    def _carry_out(self, kind: str, parameters: Json) -> Json | None:
        """{}: there is no such thing; None: nothing is to be said."""
        if kind == "send":
            return self._deliver(parameters)
        self._record(kind, parameters, message_id=parameters.get("message_id", ""))
        if kind == "me":
            return ME
        if kind == "application":
            return _application(self.flags)
        if kind == "gateway":
            limit = {"total": 1000, "remaining": self.remaining, "reset_after": 1000, "max_concurrency": 1}
            return {"url": f"ws://127.0.0.1:{self.port}/gateway/", "shards": 1, "session_start_limit": limit}
        if kind == "edit":
            given = {"id": parameters["message_id"], "content": parameters["content"], "author": ME}
            return {**self.message(channel_id=parameters["channel_id"]), **given}
        if kind in ("channel", "guild"):
            return {**self.channels, "500": GUILD}.get(parameters["channel_id"], {})
        return None

    def _deliver(self, parameters: Json) -> Json:
        nonce = parameters.get("nonce")
        if nonce in self._nonces and parameters.get("enforce_nonce"):
            self._record("repeated", parameters)
            return self._nonces[nonce]
        if parameters["channel_id"] not in self.channels:
            self._record("send", parameters, answered=False)
            return {}
        message = self.message(parameters.get("content") or "", channel_id=parameters["channel_id"], author=ME)
        if nonce:
            self._nonces[nonce] = message
        self._record("send", parameters, message_id=message["id"])
        return message

    def _record(self, kind: str, parameters: Json, *, message_id: str = "", answered: bool = True) -> None:
        self.note(self.calls, Call(kind, parameters, time.monotonic(), message_id, answered))


def _kind(method: str, parts: list[str], parameters: Json) -> str:  # noqa: C901 - a table
    """Of a request; ids that stand in the path become parameters."""
    match method, parts:
        case "GET", ["users", "@me"]:
            return "me"
        case "GET", ["oauth2" | "applications", *_]:
            return "application"
        case "GET", ["gateway", "bot"]:
            return "gateway"
        case "GET", ["channels", _]:
            return "channel"
        case "GET", ["guilds", _]:
            return "guild"
        case "POST", ["channels", _, "messages"]:
            return "send"
        case "POST", ["interactions", interaction_id, token, "callback"]:
            parameters |= {"interaction_id": interaction_id, "token": token}
            return "callback"
        case "POST", ["channels", _, "typing"]:
            return "typing"
        case "PATCH", ["channels", _, "messages", message_id]:
            parameters["message_id"] = message_id
            return "edit"
        case "PUT", ["channels", _, "messages", message_id, "reactions", emoji, "@me"]:
            parameters |= {"message_id": message_id, "emoji": emoji}
            return "react"
    return "file"


def _application(flags: int) -> Json:
    owner = {"id": "1", "username": "owner", "discriminator": "0", "avatar": None, "flags": 0}
    words = {"name": "Andy", "description": "", "icon": None, "summary": "", "verify_key": "0"}
    return {"id": "999", "flags": flags, "bot_public": True, "bot_require_code_grant": False, "owner": owner, **words}


def _json(body: Any, status: int, headers: dict[str, str] | None = None) -> web.Response:
    """With exactly Discord's content type: with a charset the library takes it for text."""
    payload = json.dumps(body if body != {} else {"message": "Unknown thing", "code": 10000}).encode()
    return web.Response(body=payload, status=status, headers=headers, content_type="application/json")
