"""The gateway of Feishu's long connection on 127.0.0.1; its frames are made and read by the SDK's own protobuf."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

# The SDK's import takes hold of its thread's event loop: it gets a thread of its own.
with ThreadPoolExecutor(1) as _apart:
    Frame = _apart.submit(import_module, "lark_oapi.ws.pb.pbbp2_pb2").result().Frame

CLIENT_CONFIG = {"ReconnectCount": -1, "ReconnectInterval": 120, "ReconnectNonce": 30, "PingInterval": 120}


class FeishuGateway:
    """Beside a stand-in, whose `changed` it uses: an event is delivered to whoever connects until acknowledged."""

    changed: threading.Condition

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: list[dict[str, Any]] = []  # headers and payload of each
        self.pings = 0
        self.is_deaf = False  # the connection stands, but nobody answers there
        self.refuse_handshake: dict[str, str] | None = None  # the headers of a refusal
        self.connections: list[ServerConnection] = []
        self._ids = 0
        self._tickets: set[str] = set()
        self._pending: dict[str, list[bytes]] = {}  # frames by event
        self._ws: Server | None = None

    def push(self, payload: Any, *, parts: int = 1) -> str:
        """A whole event as it is, to whoever is connected, or will be. Returns the frame's message id."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        frame_id = self._next("frame-")
        size = -(-len(body) // parts)
        frames = [
            _frame(1, body[number * size : (number + 1) * size], type="event", message_id=frame_id, sum=str(parts),
                   seq=str(number), trace_id="trace")
            for number in range(parts)
        ]  # fmt: skip
        with self.changed:
            self._pending[frame_id] = frames
            connected = self.connections[-1:]
        self._tell(connected, frames)
        return frame_id

    def throw(self, raw: bytes | str) -> None:
        """Anything, as one frame of the websocket."""
        self._wait_for_connection()
        for connection in self.connections[-1:]:
            connection.send(raw)

    def cut(self) -> None:
        """Closes the long connection."""
        self._wait_for_connection()
        self._close_connections()

    def _wait_for_connection(self) -> None:
        """Who connects knows of it a moment before we do."""
        with self.changed:
            assert self.changed.wait_for(lambda: bool(self.connections), 10), "nobody is connected"

    def _close_connections(self) -> None:
        for connection in list(self.connections):
            connection.close()

    def address(self) -> str:
        """A new one for each connection."""
        assert self._ws
        ticket = self._next("ticket-of-a-connection-")
        self._tickets.add(ticket)
        port = self._ws.socket.getsockname()[1]
        return f"ws://127.0.0.1:{port}/ws?device_id=dev1&service_id=33554678&access_key=k&ticket={ticket}"

    def open_gateway(self) -> None:
        self._ws = serve(self._serve, "127.0.0.1", 0, process_request=self._greet, close_timeout=0.5)
        threading.Thread(target=self._ws.serve_forever, name="feishu-gateway", daemon=True).start()

    def close_gateway(self) -> None:
        if self._ws:
            self._ws.shutdown()
            self._ws.socket.close()
        self._close_connections()

    def _next(self, prefix: str) -> str:
        with self.changed:
            self._ids += 1
            return f"{prefix}{self._ids}"

    def _greet(self, connection: ServerConnection, request: Request) -> Response | None:
        query = dict(parse_qsl(urlsplit(request.path).query))
        if self.refuse_handshake is not None:
            return Response(400, "Refused", Headers(self.refuse_handshake), b"")
        if query.get("ticket") not in self._tickets:
            return Response(403, "Refused", Headers({"Handshake-Status": "403", "Handshake-Msg": "no ticket"}), b"")
        self._tickets.discard(query["ticket"])
        return None

    def _serve(self, connection: ServerConnection) -> None:
        with self.changed:
            self.connections.append(connection)
            waiting = [frame for frames in self._pending.values() for frame in frames]
            self.changed.notify_all()
        self._tell([connection], waiting)
        try:
            for raw in connection:
                if not self.is_deaf:
                    self._hear(connection, raw)
        except ConnectionClosed:
            pass  # the other side left without a word
        finally:
            with self.changed:
                self.connections.remove(connection)
                self.changed.notify_all()

    def _tell(self, connections: list[ServerConnection], frames: list[bytes]) -> None:
        for connection in connections:
            try:
                for frame in frames:
                    connection.send(frame)
            except ConnectionClosed:
                continue  # delivered again to the next one

    def _hear(self, connection: ServerConnection, raw: str | bytes) -> None:
        frame = Frame()
        frame.ParseFromString(raw)
        headers = {header.key: header.value for header in frame.headers}
        if headers["type"] == "ping":
            connection.send(_frame(0, json.dumps(CLIENT_CONFIG).encode(), type="pong"))
        with self.changed:
            if headers["type"] == "ping":
                self.pings += 1
            else:
                self.acknowledged.append({**headers, "payload": json.loads(frame.payload), "at": time.monotonic()})
                self._pending.pop(headers["message_id"], None)
            self.changed.notify_all()


def _frame(method: int, payload: bytes, **headers: str) -> bytes:
    frame = Frame()
    frame.SeqID, frame.LogID, frame.service, frame.method = 0, 0, 33554678, method
    for key, value in headers.items():
        header = frame.headers.add()
        header.key, header.value = key, value
    frame.payload = payload
    return bytes(frame.SerializeToString())
