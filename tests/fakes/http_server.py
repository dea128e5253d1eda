"""The wire of stand-ins that speak HTTP, in threads of their own: connections that can be cut, bodies of any kind."""

import json
import socket
import threading
from collections.abc import Mapping
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

from tests.fakes.stand_in import Call, Hang, Json, StandIn, Trouble


class HttpStandIn(StandIn[Call, Trouble]):
    """Each platform gives its `exchange`."""

    exchange: ClassVar[type["Exchange"]]

    def __init__(self) -> None:
        super().__init__()
        self.stopping = False
        self.hanging = 0  # requests that are not answered now
        self.hangs_no_more = False
        self._server: Server | None = None

    def start(self) -> Self:
        self.stopping = False
        self._server = Server(self.port, self.exchange, self)
        self.port = self._server.server_address[1]
        name = type(self).__name__
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name=name, daemon=True).start()
        return self

    def stop(self) -> None:
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        if self._server:
            self._server.shutdown()
            self._server.cut_all()
            self._server.server_close()
            self._server = None

    def let_go(self) -> None:
        """What hangs, and what was to hang, is answered."""
        with self.changed:
            self.hangs_no_more = True
            self.changed.notify_all()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # with the usual 5, callers that come at once wait a second to be let in

    def __init__(self, port: int, exchange: type["Exchange"], api: Any) -> None:
        super().__init__(("127.0.0.1", port), exchange)
        self.api = api
        self.open: set[socket.socket] = set()

    def cut_all(self) -> None:
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class Exchange(BaseHTTPRequestHandler):
    """One connection; `serve` is called for each request, whatever its method."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536  # head and body in one packet

    def serve(self, raw: bytes) -> None:
        raise NotImplementedError

    def multipart(self, raw: bytes) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
        """Its fields; names and contents of its files."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        fields, files = {}, []
        for part in message_from_bytes(head + raw, policy=HTTP).iter_parts():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            if name := part.get_filename():
                files.append((name, content))
            else:
                fields[str(part.get_param("name", header="content-disposition"))] = content.decode()
        return fields, files

    def is_multipart(self) -> bool:
        return self.headers.get_content_type() == "multipart/form-data"

    def rest(self, hang: Hang) -> None:
        api = self.server.api
        with api.changed:
            api.hanging += 1
            api.changed.notify_all()
            api.changed.wait_for(lambda: api.stopping or api.hangs_no_more, hang.seconds)
            api.hanging -= 1

    def cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def write(self, status: int, content: Json | bytes, headers: Mapping[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        kind = "application/octet-stream" if isinstance(content, bytes) else "application/json"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    # What the standard library calls.

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        self.serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_GET = do_PUT = do_PATCH = do_POST  # noqa: N815 - the names that the standard library looks for

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""
