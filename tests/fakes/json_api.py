"""A stand-in for a platform's HTTP API on 127.0.0.1, in threads of its own; each platform says what it answers.

class WhatsAppApi(JsonApi):
    def name_of(self, call): ...            # by which `fail` knows a request
    def answer(self, call): ...             # (status, JSON or bytes)

api.fail("messages", Answer(429, {...}), Hang(20), Cut(done=True), Garbage())
"""

import json
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.telegram_api import Cut, Garbage, Hang

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What is answered instead."""

    status: int = 200
    body: Json = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Trouble = Answer | Hang | Cut | Garbage


@dataclass(frozen=True)
class Call:
    """One request as it arrived; `done`: it was carried out."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Json  # of a multipart request its fields
    files: tuple[tuple[str, bytes], ...]
    at: float
    name: str = ""
    done: bool = True


class JsonApi:
    """The server; a context manager. Everything may be called from the test's thread."""

    def __init__(self) -> None:
        self.port = 0
        self.calls: list[Call] = []
        self.changed = threading.Condition()
        self.stopping = False
        self._script: dict[str, deque[Trouble]] = defaultdict(deque)
        self._standing: dict[str, Trouble] = {}
        self._server: _Server | None = None

    # What a platform says.

    def name_of(self, call: Call) -> str:
        return call.path

    def answer(self, call: Call) -> tuple[int, Json | bytes]:
        raise NotImplementedError

    # What a test does.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def calls_of(self, name: str, *, done: bool = True) -> list[Call]:
        return [call for call in self.calls if call.name == name and (call.done or not done)]

    def fail(self, name: str, *troubles: Trouble) -> None:
        """The coming requests of this name get these, in order."""
        self._script[name].extend(troubles)

    def keep_failing(self, name: str, trouble: Trouble | None) -> None:
        """Every request of this name gets it, until None is given."""
        if trouble is None:
            self._standing.pop(name, None)
        else:
            self._standing[name] = trouble

    def wait_for(self, condition: Callable[[], bool], seconds: float = 15.0) -> bool:
        """Looks again whenever a request arrives."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def wait_for_calls(self, name: str, count: int = 1) -> list[Call]:
        arrived = self.wait_for(lambda: len(self.calls_of(name)) >= count)
        assert arrived, f"{len(self.calls_of(name))} of {count} {name}: {[call.name for call in self.calls]}"
        return self.calls_of(name)

    def start(self) -> Self:
        self.stopping = False
        self._server = _Server(("127.0.0.1", self.port), _Exchange)
        self._server.api = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="json-api", daemon=True).start()
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

    def trouble(self, name: str) -> Trouble | None:
        if self._script[name]:
            return self._script[name].popleft()
        return self._standing.get(name)

    def record(self, call: Call) -> None:
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    api: JsonApi

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
        body, files = self._multipart(raw) if "multipart" in self.headers.get_content_type() else (_json(raw), ())
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        parts = (self.command, address.path, query, dict(self.headers), body, files, time.monotonic())
        self._serve(Call(*parts, name=self.server.api.name_of(Call(*parts))))

    def _multipart(self, raw: bytes) -> tuple[Json, tuple[tuple[str, bytes], ...]]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        fields, files = {}, []
        for part in message_from_bytes(head + raw, policy=HTTP).iter_parts():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            if name := part.get_filename():
                files.append((name, content))
            else:
                fields[str(part.get_param("name", header="content-disposition"))] = content.decode()
        return fields, tuple(files)

    def _serve(self, call: Call) -> None:
        api, trouble = self.server.api, self.server.api.trouble(call.name)
        if isinstance(trouble, Hang):
            with api.changed:
                api.changed.wait_for(lambda: api.stopping, trouble.seconds)
        elif isinstance(trouble, Answer | Garbage) or (isinstance(trouble, Cut) and not trouble.done):
            call = Call(**{**vars(call), "done": False})
        api.record(call)
        if isinstance(trouble, Cut):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif isinstance(trouble, Answer):
            self._write(trouble.status, trouble.body, trouble.headers)
        else:
            self._write(*(200, trouble.body) if isinstance(trouble, Garbage) else api.answer(call))

    def _write(self, status: int, content: Json | bytes, headers: Mapping[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        is_json = not isinstance(content, bytes)
        self.send_header("Content-Type", "application/json" if is_json else "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""


def _json(raw: bytes) -> Json:
    if not raw:
        return {}
    given = json.loads(raw)
    assert isinstance(given, dict)
    return given
