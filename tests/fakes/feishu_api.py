"""A stand-in for Feishu's open platform on 127.0.0.1, in threads of its own: OpenAPI and long connection.

with FeishuApi() as api:
    ...                                  # options.api_base = api.url, app_id = APP_ID, app_secret = SECRET
    api.say("@_user_1 hello", mentions=[BOT_MENTION])
    api.fail("send", Failure(99991400, status=429))
    assert api.wait_for_sent(1)[0].text == "hi"
"""

import json
import re
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.feishu_gateway import CLIENT_CONFIG, FeishuGateway

APP_ID = "cli_a1b2c3d4"
SECRET = "secret-of-a-fake-app"
BOT = "ou_bot"
ANN = "ou_ann"
BOT_MENTION = {"key": "@_user_1", "id": {"open_id": BOT, "union_id": "on_bot"}, "name": "Andy"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """An error answer: Feishu's code, and the status of HTTP."""

    code: int
    msg: str = "scripted failure"
    status: int = 400
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hang:
    """Silence until `seconds` pass or the server stops; then the usual answer."""

    seconds: float = 60.0


@dataclass(frozen=True)
class Cut:
    """The request is carried out, and the connection closed without an answer."""


@dataclass(frozen=True)
class Garbage:
    """Bytes that are no JSON, or not the expected one."""

    body: bytes = b"<html>not what you expect</html>"


Trouble = Failure | Hang | Cut | Garbage

# Name, method and path of what a test may count or let fail.
ROUTES = [
    ("token", "POST", r"/open-apis/auth/v3/tenant_access_token/internal"),
    ("endpoint", "POST", r"/callback/ws/endpoint"),
    ("bot", "GET", r"/open-apis/bot/v3/info"),
    ("send", "POST", r"/open-apis/im/v1/messages"),
    ("reply", "POST", r"/open-apis/im/v1/messages/([^/]+)/reply"),
    ("patch", "PATCH", r"/open-apis/im/v1/messages/([^/]+)"),
    ("message", "GET", r"/open-apis/im/v1/messages/([^/]+)"),
    ("react", "POST", r"/open-apis/im/v1/messages/([^/]+)/reactions"),
    ("resource", "GET", r"/open-apis/im/v1/messages/([^/]+)/resources/([^/]+)"),
    ("image", "POST", r"/open-apis/im/v1/images"),
    ("file", "POST", r"/open-apis/im/v1/files"),
    ("user", "GET", r"/open-apis/contact/v3/users/([^/]+)"),
    ("chat", "GET", r"/open-apis/im/v1/chats/([^/]+)"),
]


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    name: str
    target: str  # the message, user or chat in its path
    query: dict[str, str]
    body: Json
    at: float  # time.monotonic()
    answered: bool = True  # False: a scripted failure answered
    message_id: str = ""

    @property
    def content(self) -> Json:
        return dict(json.loads(self.body["content"]))

    @property
    def text(self) -> str:
        """Of a text, or of a card's only element."""
        if "text" in self.content:
            return str(self.content["text"])
        element = self.content["body"]["elements"][0]
        return str(element.get("content") or element["text"]["content"])


class FeishuApi(FeishuGateway):
    """The servers; a context manager. Everything may be called from the test's thread."""

    def __init__(self) -> None:
        super().__init__()
        self.apps = {APP_ID: SECRET}
        self.token_life = 7200
        self.users = {ANN: "Ann"}
        self.chats = {"oc_team": "Team"}
        self.messages: dict[str, Json] = {}  # what GET messages/… knows
        self.resources: dict[str, bytes] = {}
        self.uploads: list[tuple[str, bytes]] = []
        self.calls: list[Call] = []
        self.stopping = False
        self.port = 0
        self._tokens: set[str] = set()
        self._by_uuid: dict[str, str] = {}
        self._script: dict[str, deque[Trouble]] = defaultdict(deque)
        self._standing: dict[str, Trouble] = {}
        self._http: _Http | None = None

    # What a test does.

    @property
    def url(self) -> str:
        """What `options.api_base` should be."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sent(self) -> list[Call]:
        """The messages that were delivered, in order; one with a known `uuid` is none."""
        return [call for call in self.calls if call.name in ("send", "reply") and call.message_id]

    def calls_of(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    def say(self, text: str = "", *, parts: int = 1, **message: Any) -> str:
        """Somebody writes; any field of the event's message may be given, and its `sender`. Returns its id."""
        message_id = str(message.get("message_id") or self._next("om_"))
        self.push(event(text, **{**message, "message_id": message_id}), parts=parts)
        return message_id

    def press(self, token: str, *, message_id: str, chat_id: str = "oc_team") -> str:
        """Somebody presses a button of a card; returns the event's id."""
        told = {
            "operator": {"open_id": ANN, "user_id": None, "union_id": "on_ann", "tenant_key": "tenant"},
            "token": "c-1",
            "action": {"value": {"answer": token}, "tag": "button"},
            "host": "im_message",
            "context": {"open_message_id": message_id, "open_chat_id": chat_id},
        }
        given = event()
        given["header"] |= {"event_type": "card.action.trigger", "event_id": self._next("ev_")}
        self.push(given | {"event": told})
        return str(given["header"]["event_id"])

    def fail(self, name: str, *troubles: Trouble) -> None:
        """The coming requests of this name get these, in order."""
        self._script[name].extend(troubles)

    def keep_failing(self, name: str, trouble: Trouble | None) -> None:
        """Every request of this name gets it, until None is given."""
        if trouble is None:
            self._standing.pop(name, None)
        else:
            self._standing[name] = trouble

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 15.0) -> bool:
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def wait_for_sent(self, count: int, seconds: float = 15.0) -> list[Call]:
        arrived = self.wait_for(lambda: len(self.sent) >= count, seconds)
        assert arrived, f"{len(self.sent)} of {count} messages after {seconds} s: {[call.body for call in self.sent]}"
        return self.sent

    def start(self) -> Self:
        self._http = _Http(("127.0.0.1", self.port), _Exchange)
        self._http.api = self
        self.port = self._http.server_address[1]
        self.open_gateway()
        threading.Thread(target=self._http.serve_forever, args=(0.05,), name="feishu-api", daemon=True).start()
        return self

    def stop(self) -> None:
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        self.close_gateway()
        if self._http:
            self._http.shutdown()
            self._http.cut_all()
            self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # OpenAPI.

    def trouble(self, name: str) -> Trouble | None:
        if self._script[name]:
            return self._script[name].popleft()
        return self._standing.get(name)

    def answer(self, name: str, groups: tuple[str, ...], body: Json, token: str, query: dict[str, str]) -> Json | bytes:
        """Carried out and recorded."""
        target = groups[0] if groups else ""
        if name not in ("token", "endpoint") and token not in self._tokens:
            self.record(Call(name, target, query, body, time.monotonic(), answered=False))
            return {"code": 99991663, "msg": "Invalid access token for authorization."}
        message_id = self._deliver(body) if name in ("send", "reply") else ""
        is_new = message_id and message_id not in [call.message_id for call in self.calls]
        self.record(Call(name, target, query, body, time.monotonic(), message_id=message_id if is_new else ""))
        if name == "token":
            return self._lend(body)
        if name == "endpoint":
            return self._endpoint(body)
        if name == "resource":
            return self.resources.get(groups[1], {"code": 234001, "msg": "Invalid request param."})
        return self._tell_of(name, target, message_id)

    def _tell_of(self, name: str, target: str, message_id: str) -> Json:
        if name == "bot":
            return {"code": 0, "msg": "ok", "bot": {"open_id": BOT, "app_name": "Andy", "activate_status": 2}}
        found: dict[str, Any] = {
            "user": {"user": {"open_id": target, "name": self.users.get(target)}} if target in self.users else None,
            "chat": {"name": self.chats[target]} if target in self.chats else None,
            "message": {"items": [self.messages[target]]} if target in self.messages else None,
            "image": {"image_key": "img_up"},
            "file": {"file_key": "file_up"},
            "react": {"reaction_id": "r1"},
            "patch": {},
        }
        data = found.get(name, {"message_id": message_id})
        return {"code": 0, "msg": "ok", "data": data} if data is not None else {"code": 230001, "msg": "not found"}

    def _lend(self, body: Json) -> Json:
        if self.apps.get(str(body.get("app_id"))) != body.get("app_secret"):
            return {"code": 10014, "msg": "app secret invalid"}
        token = self._next("t-lent-")
        self._tokens.add(token)
        return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": self.token_life}

    def _endpoint(self, body: Json) -> Json:
        if self.apps.get(str(body.get("AppID"))) != body.get("AppSecret"):
            return {"code": 514, "msg": "auth failed"}
        return {"code": 0, "msg": "", "data": {"URL": self.address(), "ClientConfig": CLIENT_CONFIG}}

    def _deliver(self, body: Json) -> str:
        known = self._by_uuid.get(str(body.get("uuid", "")))
        message_id = known or self._next("om_sent_")
        if "uuid" in body:
            self._by_uuid[body["uuid"]] = message_id
        return message_id

    def record(self, call: Call) -> None:
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()


def event(text: str = "", *, sender: Json | None = None, app_id: str = APP_ID, **message: Any) -> Json:
    """An `im.message.receive_v1` as Feishu sends it."""
    moment = str(int(time.time() * 1000))
    header = {"event_id": f"event of {message.get('message_id', 'om_1')}", "event_type": "im.message.receive_v1"}
    person = {"sender_id": {"open_id": ANN, "union_id": "on_ann", "user_id": None}, "sender_type": "user"}
    told = {"message_id": "om_1", "create_time": moment, "chat_id": "oc_team", "chat_type": "group"}
    words = {"message_type": "text", "content": json.dumps({"text": text}, ensure_ascii=False)}
    return {
        "schema": "2.0",
        "header": {**header, "create_time": moment, "token": "verify-me", "app_id": app_id, "tenant_key": "tenant"},
        "event": {"sender": sender or {**person, "tenant_key": "tenant"}, "message": {**told, **words, **message}},
    }


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    api: FeishuApi

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.open: set[socket.socket] = set()

    def cut_all(self) -> None:
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Exchange(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self.do_POST()

    def do_PATCH(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        for name, method, pattern in ROUTES:
            if method == self.command and (found := re.fullmatch(pattern, parts.path)):
                self._serve(name, found.groups(), self._body(raw), dict(parse_qsl(parts.query)))
                return
        self._write(404, b"404 page not found")

    def _body(self, raw: bytes) -> Json:
        if self.headers.get_content_type() != "multipart/form-data":
            return dict(json.loads(raw or b"{}"))
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        fields = {}
        for part in message_from_bytes(head + raw, policy=HTTP).iter_parts():
            name, file = part.get_param("name", header="content-disposition"), part.get_filename()
            content: Any = part.get_payload(decode=True)
            if file:
                self.server.api.uploads.append((file, content))
            else:
                fields[str(name)] = content.decode()
        return fields

    def _serve(self, name: str, groups: tuple[str, ...], body: Json, query: dict[str, str]) -> None:
        api, trouble = self.server.api, self.server.api.trouble(name)
        if isinstance(trouble, Hang):
            with api.changed:
                api.changed.wait_for(lambda: api.stopping, trouble.seconds)
        elif isinstance(trouble, Failure | Garbage):
            api.record(Call(name, groups[0] if groups else "", query, body, time.monotonic(), answered=False))
            self._fail(trouble)
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        answer = api.answer(name, groups, body, token, query)
        if isinstance(trouble, Cut):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        is_error = isinstance(answer, dict) and answer["code"] and name not in ("token", "endpoint")
        self._write(400 if is_error else 200, answer)

    def _fail(self, trouble: Failure | Garbage) -> None:
        if isinstance(trouble, Garbage):
            self._write(200, trouble.body)
        else:
            self._write(trouble.status, {"code": trouble.code, "msg": trouble.msg}, trouble.headers)

    def _write(self, status: int, content: Json | bytes, headers: dict[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""
