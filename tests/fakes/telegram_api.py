"""A stand-in for Telegram's Bot API on 127.0.0.1, in threads of its own; also a process:
`python -m tests.fakes.telegram_api --port 8081`.

    with TelegramApi() as api:
        ...                                     # options.api_base = api.url, token = TOKEN
        api.say("hello @my_bot", chat_id=-1001)
        api.fail("sendMessage", Failure(429, retry_after=1))
        assert api.wait_for_sent(1)[0].text == "hi"

As a process it takes the same over HTTP: POST /control/say {"text": …, "chat_id": …}, GET /control/sent.
"""

import argparse
import json
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

TOKEN = "123456789:fake-token-of-a-fake-bot-0123456789"
ME = {"id": 123456789, "is_bot": True, "first_name": "Andy", "username": "my_bot"}
ANN = {"id": 42, "is_bot": False, "first_name": "Ann", "username": "ann"}
FIRST_UPDATE = 1000

Json = dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """An error answer as Telegram words it."""

    status: int
    description: str = "scripted failure"
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None

    def body(self) -> Json:
        parameters = {"retry_after": self.retry_after, "migrate_to_chat_id": self.migrate_to_chat_id}
        given = {name: value for name, value in parameters.items() if value is not None}
        body: Json = {"ok": False, "error_code": self.status, "description": self.description}
        return {**body, "parameters": given} if given else body


@dataclass(frozen=True)
class Hang:
    """Silence until `seconds` pass or the server stops; then the usual answer."""

    seconds: float = 60.0


@dataclass(frozen=True)
class Cut:
    """The connection is closed without an answer; `done`: after the request was carried out."""

    done: bool = False


@dataclass(frozen=True)
class Garbage:
    """Bytes that are no JSON."""

    body: bytes = b"<html>not what you expect</html>"


Trouble = Failure | Hang | Cut | Garbage

CONFLICT = Failure(409, "Conflict: terminated by other getUpdates request")
UNAUTHORIZED = Failure(401, "Unauthorized")
UNREADABLE = Failure(400, "Bad Request: can't parse entities: Unsupported start tag")


@dataclass(frozen=True)
class Call:
    """One request as it arrived, with the message id it was answered with."""

    method: str
    parameters: dict[str, str]
    at: float  # time.monotonic()
    message_id: int = 0
    answered: bool = True  # False: a scripted failure answered

    @property
    def text(self) -> str:
        return self.parameters.get("text", "")

    @property
    def chat_id(self) -> int:
        return int(self.parameters["chat_id"])


@dataclass
class TelegramApi:
    """The server; a context manager. Everything may be called from the test's thread."""

    port: int = 0
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    poll_limit: float = 50.0  # seconds: the longest a getUpdates is held

    def __post_init__(self) -> None:
        self.calls: list[Call] = []
        self.changed = threading.Condition()
        self.stopping = False
        self._updates: list[Json] = []
        self._script: dict[str, deque[Trouble]] = defaultdict(deque)
        self._standing: dict[str, Trouble] = {}
        self._ids = 100
        self._polls = 0
        self._confirmed = 0
        self._server: _Server | None = None
        self.files: dict[str, bytes] = {}  # what getFile knows, by file id
        self.uploads: list[tuple[str, bytes]] = []  # name and content of what was sent

    # What a test does.

    @property
    def url(self) -> str:
        """What `options.api_base` should be."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sent(self) -> list[Call]:
        """The messages that were delivered, in order of arrival."""
        return [call for call in self.calls if call.method == "sendMessage" and call.message_id]

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def say(self, text: str = "", *, chat_id: int = -1001, user: Json | None = None, **message: Any) -> int:
        """Somebody writes; any field of Telegram's Message may be given. Returns the message's id."""
        kind = {"type": "private"} if chat_id > 0 else {"type": "supergroup", "title": "Team"}
        with self.changed:
            self._ids += 1
            words = {"text": text} if text else {}
            base = {"message_id": self._ids, "date": int(time.time()), "chat": {"id": chat_id, **kind}}
            full = {**base, "from": user or ANN, **words, **message}
            self._updates.append({"update_id": FIRST_UPDATE + len(self._updates), "message": full})
            self.changed.notify_all()
        return int(full["message_id"])

    def press(self, data: str, *, message_id: int, chat_id: int = -1001, user: Json | None = None) -> str:
        """Somebody presses a button under one of our messages. Returns the id that wants an answer."""
        kind = {"type": "private"} if chat_id > 0 else {"type": "supergroup", "title": "Team"}
        self._ids += 1
        under = {"message_id": message_id, "date": int(time.time()), "chat": {"id": chat_id, **kind}, "from": ME}
        press = {"id": f"cb{self._ids}", "from": user or ANN, "chat_instance": "1", "data": data, "message": under}
        self.push({"callback_query": press})
        return str(press["id"])

    def push(self, update: Json) -> None:
        """A whole update as it is; `update_id` is set."""
        with self.changed:
            self._updates.append({"update_id": FIRST_UPDATE + len(self._updates), **update})
            self.changed.notify_all()

    def fail(self, method: str, *troubles: Trouble) -> None:
        """The coming requests of this method get these, in order."""
        self._script[method].extend(troubles)

    def keep_failing(self, method: str, trouble: Trouble | None) -> None:
        """Every request of this method gets it, until None is given; `*` stands for all methods."""
        if trouble is None:
            self._standing.pop(method, None)
        else:
            self._standing[method] = trouble

    def wait_for(self, condition: Callable[[], bool], seconds: float = 15.0) -> bool:
        """Looks again whenever a request arrives."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def wait_for_sent(self, count: int, seconds: float = 15.0) -> list[Call]:
        arrived = self.wait_for(lambda: len(self.sent) >= count, seconds)
        assert arrived, f"{len(self.sent)} of {count} messages after {seconds} s: {[call.text for call in self.sent]}"
        return self.sent

    def start(self) -> Self:
        """Also again after `stop`, on the same port: a network that was cut is back."""
        self.stopping = False
        self._server = _Server(("127.0.0.1", self.port), _Exchange)
        self._server.api = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="telegram-api", daemon=True).start()
        return self

    def stop(self) -> None:
        """Cuts every connection."""
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        if self._server:
            self._server.shutdown()
            self._server.cut_all()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # What the wire does.

    def trouble(self, method: str) -> Trouble | None:
        if self._script[method]:
            return self._script[method].popleft()
        return self._standing.get(method) or self._standing.get("*")

    def answer(self, token: str, method: str, parameters: dict[str, str]) -> Json:
        """What Telegram answers; carried out and recorded."""
        if token not in self.tokens:
            return UNAUTHORIZED.body()
        if method == "getUpdates":
            return self._poll(int(parameters.get("offset", 0)), float(parameters.get("timeout", 0)))
        if method == "getMe":
            return {"ok": True, "result": ME}
        if method in ("sendMessage", "sendPhoto", "sendDocument", "editMessageText"):
            return {"ok": True, "result": self._deliver(method, parameters)}
        if method == "getFile":
            return self._file(parameters["file_id"])
        self.record(method, parameters)
        return {"ok": True, "result": True}

    def record(self, method: str, parameters: dict[str, str], *, message_id: int = 0, answered: bool = True) -> None:
        with self.changed:
            self.calls.append(Call(method, parameters, time.monotonic(), message_id, answered))
            self.changed.notify_all()

    def _file(self, file_id: str) -> Json:
        if file_id not in self.files:
            return Failure(400, "Bad Request: invalid file_id").body()
        self.record("getFile", {"file_id": file_id})
        about = {"file_id": file_id, "file_unique_id": file_id, "file_size": len(self.files[file_id])}
        return {"ok": True, "result": {**about, "file_path": f"things/{file_id}"}}

    def _deliver(self, method: str, parameters: dict[str, str]) -> Json:
        with self.changed:
            self._ids += 1
            message_id = int(parameters.get("message_id", self._ids))
        self.record(method, parameters, message_id=message_id)
        chat = {"id": int(parameters["chat_id"]), "type": "supergroup", "title": "Team"}
        return {"message_id": message_id, "date": int(time.time()), "chat": chat, "from": ME, "text": "…"}

    def _poll(self, offset: int, timeout: float) -> Json:
        """Held until an update or the time-out; a second poller ends the first one's."""
        with self.changed:
            self._polls += 1
            mine = self._polls
            self.calls.append(Call("getUpdates", {"offset": str(offset)}, time.monotonic()))
            self.changed.notify_all()
            self.changed.wait_for(
                lambda: self.stopping or mine != self._polls or self._after(offset), min(timeout, self.poll_limit)
            )
            if mine != self._polls:
                return CONFLICT.body()
            return {"ok": True, "result": self._after(offset)[:100]}

    def _after(self, offset: int) -> list[Json]:
        """What was confirmed once never comes again."""
        self._confirmed = max(self._confirmed, offset - FIRST_UPDATE)
        return self._updates[self._confirmed :]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    api: TelegramApi

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
    """`/bot<token>/<method>` as Telegram, `/control/…` for whoever drives the process."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536  # head and body in one packet

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/file/bot"):
            self._write_file(self.path.removeprefix("/file/bot"))
            return
        multipart = self.headers.get_content_type() == "multipart/form-data"
        body = "" if multipart else raw.decode()
        _, first, method = [*urlsplit(self.path).path.split("/", 2), "", ""][:3]
        if first == "control":
            self._write(200, self._control(method, json.loads(body or "{}")))
        elif first.startswith("bot"):
            given = self._fields(raw) if multipart else dict(parse_qsl(body, keep_blank_values=True))
            self._serve(first.removeprefix("bot"), method, given)
        else:
            self._write(404, {"ok": False, "error_code": 404, "description": "Not Found"})

    def _fields(self, raw: bytes) -> dict[str, str]:
        """Of a multipart body; files are put aside."""
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

    def _write_file(self, path: str) -> None:
        token, _, name = path.partition("/things/")
        known = token in self.server.api.tokens and name in self.server.api.files
        trouble = self.server.api.trouble("file")
        if isinstance(trouble, Hang):
            with self.server.api.changed:
                self.server.api.changed.wait_for(lambda: self.server.api.stopping, trouble.seconds)
        self._write(200 if known else 404, self.server.api.files[name] if known else b"")

    def _serve(self, token: str, method: str, parameters: dict[str, str]) -> None:
        api, trouble = self.server.api, self.server.api.trouble(method)
        if isinstance(trouble, Hang):
            with api.changed:
                api.changed.wait_for(lambda: api.stopping, trouble.seconds)
        elif isinstance(trouble, Cut):
            self._cut(token, method, parameters, done=trouble.done)
            return
        elif isinstance(trouble, Failure | Garbage):
            api.record(method, parameters, answered=False)
            self._write(*((trouble.status, trouble.body()) if isinstance(trouble, Failure) else (200, trouble.body)))
            return
        answer = api.answer(token, method, parameters)
        self._write(200 if answer["ok"] else answer["error_code"], answer)

    def _cut(self, token: str, method: str, parameters: dict[str, str], *, done: bool) -> None:
        if done:
            self.server.api.answer(token, method, parameters)
        else:
            self.server.api.record(method, parameters, answered=False)
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _control(self, what: str, body: Json) -> Json:
        api = self.server.api
        if what == "say":
            return {"message_id": api.say(**body)}
        if what == "sent":
            return {"sent": [asdict(call) for call in api.sent], "now": time.monotonic()}
        return {"error": "say or sent is expected"}

    def _write(self, status: int, content: Json | bytes) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8081)
    api = TelegramApi(port=parser.parse_args().port).start()
    print(f"{api.url} token {TOKEN}", flush=True)  # noqa: T201 - for whoever started the process
    threading.Event().wait()


if __name__ == "__main__":
    main()
