"""A stand-in for Anthropic's Messages API on 127.0.0.1, in a thread of its own.

    with MessagesApi() as api:
        api.script(Text("Hello"), Failure(429))
        ...                       # point ANTHROPIC_BASE_URL at api.url
        assert api.turns[0].last_text == "hi"

Unscripted turns are answered with `You said: <last user text>`. Side calls of the command line
(titles, quota probes) never consume the script; they are recorded with `side=True`.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

ERROR_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
REMINDER = "<system-reminder>"
PATIENCE = 60.0  # seconds for which an answer is held at most


@dataclass(frozen=True)
class Text:
    """An answer in words; `pieces` deltas, `delay` seconds before each; what comes after the first waits for `held`."""

    text: str
    pieces: int = 3
    delay: float = 0.0
    input_tokens: int = 10
    output_tokens: int = 5
    held: threading.Event | None = None


@dataclass(frozen=True)
class ToolUse:
    """A call of a tool; tools of the product arrive as `mcp__ngb__<name>`."""

    name: str
    input: dict[str, Any]
    text: str = ""


@dataclass(frozen=True)
class Failure:
    """An error answer with the body Anthropic documents for its status."""

    status: int
    message: str = "scripted failure"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BrokenStream:
    """A stream that says `text`, then sends an `error` event and ends; without a kind it just ends."""

    text: str = "half an ans"
    kind: str | None = "overloaded_error"


@dataclass(frozen=True)
class Hang:
    """Silence until `seconds` pass, the server stops, or the caller goes away."""

    seconds: float = 60.0


Reply = Text | ToolUse | Failure | BrokenStream | Hang


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    side: bool
    at: float

    @property
    def last_text(self) -> str:
        """What the person (or a tool) said last, without the command line's reminders."""
        return _last_text(self.body)

    @property
    def tools(self) -> list[str]:
        """Names of the tools that were offered."""
        return [tool["name"] for tool in self.body.get("tools") or []]


class MessagesApi:
    """The server; a context manager. All attributes may be read from the test's thread."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.answer: Callable[[Recorded], Reply | None] = lambda _request: None
        self.stopping = threading.Event()
        self.seen = threading.Condition()
        self._script: deque[Reply] = deque()
        self._server = _Server(("127.0.0.1", 0), _Exchange)
        self._server.api = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="messages-api", daemon=True
        )

    @property
    def url(self) -> str:
        """What ANTHROPIC_BASE_URL should be."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def turns(self) -> list[Recorded]:
        """The model calls that belong to a conversation, oldest first."""
        return [r for r in self.requests if r.path.endswith("/messages") and not r.side]

    def script(self, *replies: Reply) -> None:
        """Answer the coming turns with these, in order."""
        self._script.extend(replies)

    def wait_for_turns(self, count: int, *, seconds: float = 30.0) -> None:
        """Block until `count` turns have arrived; AssertionError after `seconds`."""
        with self.seen:
            arrived = self.seen.wait_for(lambda: len(self.turns) >= count, seconds)
        assert arrived, f"{len(self.turns)} of {count} model calls after {seconds} s"

    def reply_to(self, request: Recorded) -> Reply:
        """The side call's answer, else the test's own, else the script's next, else an echo."""
        if request.side:
            return Text('{"title": "A chat"}', pieces=1)
        own = self.answer(request)
        if own is not None:
            return own
        if self._script:
            return self._script.popleft()
        return Text(f"You said: {request.last_text}")

    def start(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Release hanging answers and close the port."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(20)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # with the usual 5, callers that come at once wait a second to be let in
    api: MessagesApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up in mid-answer is part of the tests, not news."""


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server
    routes: ClassVar[tuple[str, ...]] = ("/v1/messages", "/v1/messages/count_tokens")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Tests read `requests`, not a log."""

    def do_HEAD(self) -> None:
        self._send_json(200, None)

    def do_GET(self) -> None:
        self._send_failure(Failure(404, "not found"))

    def do_POST(self) -> None:
        request = self._record()
        if request.path not in self.routes:
            self._send_failure(Failure(404, "not found"))
        elif request.path.endswith("count_tokens"):
            self._send_json(200, {"input_tokens": len(json.dumps(request.body)) // 4})
        else:
            self._send_reply(self.server.api.reply_to(request), request.body)

    def _record(self) -> Recorded:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        body = json.loads(raw or b"{}")
        path = self.path.split("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Recorded("POST", path, headers, body, _is_side_call(body), time.monotonic())
        api = self.server.api
        with api.seen:
            api.requests.append(request)
            api.seen.notify_all()
        return request

    def _send_reply(self, reply: Reply, body: dict[str, Any]) -> None:
        if isinstance(reply, Hang):
            self.server.api.stopping.wait(reply.seconds)
            self.close_connection = True
        elif isinstance(reply, Failure):
            self._send_failure(reply)
        elif body.get("stream"):
            self._send_stream(reply, body)
        elif isinstance(reply, BrokenStream):
            self._send_failure(Failure(529, "overloaded"))
        else:
            self._send_json(200, _message(reply, str(body.get("model"))))

    def _send_failure(self, failure: Failure) -> None:
        kind = ERROR_KINDS.get(failure.status, "api_error")
        error = {"type": "error", "error": {"type": kind, "message": failure.message}}
        self._send_json(failure.status, error, failure.headers)

    def _send_json(self, status: int, payload: dict[str, Any] | None, headers: dict[str, str] | None = None) -> None:
        raw = b"" if payload is None else json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.send_header("request-id", "req_stub")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)
        self.wfile.flush()

    def _send_stream(self, reply: Text | ToolUse | BrokenStream, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("request-id", "req_stub")
        self.end_headers()
        for event in _events(reply, str(body.get("model"))):
            self._send_event(event)
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _send_event(self, event: dict[str, Any]) -> None:
        raw = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
        self.wfile.flush()


def _events(reply: Text | ToolUse | BrokenStream, model: str) -> Iterator[dict[str, Any]]:
    """The server-sent events of a streamed message, in the order the API documents."""
    usage = _usage(reply)
    start = _message(reply, model) | {"content": [], "stop_reason": None}
    yield {"type": "message_start", "message": start | {"usage": usage | {"output_tokens": 1}}}
    index = 0
    if reply.text:
        yield from _text_block(reply, index)
        index += 1
    if isinstance(reply, BrokenStream):
        if reply.kind:
            yield {"type": "error", "error": {"type": reply.kind, "message": "scripted break"}}
        return
    if isinstance(reply, ToolUse):
        yield from _tool_block(reply, index)
    delta = {"stop_reason": _stop_reason(reply), "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": usage}
    yield {"type": "message_stop"}


def _text_block(reply: Text | ToolUse | BrokenStream, index: int) -> Iterator[dict[str, Any]]:
    pieces = reply.pieces if isinstance(reply, Text) else 1
    size = max(1, -(-len(reply.text) // pieces))
    block = {"type": "text", "text": ""}
    yield {"type": "content_block_start", "index": index, "content_block": block}
    for at in range(0, len(reply.text), size):
        if isinstance(reply, Text) and reply.delay:
            time.sleep(reply.delay)
        delta = {"type": "text_delta", "text": reply.text[at : at + size]}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        if isinstance(reply, Text) and reply.held and at == 0:
            reply.held.wait(PATIENCE)
    if not (isinstance(reply, BrokenStream)):
        yield {"type": "content_block_stop", "index": index}


def _tool_block(reply: ToolUse, index: int) -> Iterator[dict[str, Any]]:
    block = _tool_content(reply) | {"input": {}}
    yield {"type": "content_block_start", "index": index, "content_block": block}
    delta = {"type": "input_json_delta", "partial_json": json.dumps(reply.input)}
    yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _message(reply: Text | ToolUse | BrokenStream, model: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    if isinstance(reply, ToolUse):
        content.append(_tool_content(reply))
    return {
        "id": f"msg_{time.monotonic_ns()}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": _stop_reason(reply),
        "stop_sequence": None,
        "usage": _usage(reply),
    }


def _tool_content(reply: ToolUse) -> dict[str, Any]:
    number = time.monotonic_ns()
    return {"type": "tool_use", "id": f"toolu_{number}", "name": reply.name, "input": reply.input}


def _stop_reason(reply: Text | ToolUse | BrokenStream) -> str:
    return "tool_use" if isinstance(reply, ToolUse) else "end_turn"


def _usage(reply: Text | ToolUse | BrokenStream) -> dict[str, int]:
    tokens = (reply.input_tokens, reply.output_tokens) if isinstance(reply, Text) else (10, 5)
    cache = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    return {"input_tokens": tokens[0], "output_tokens": tokens[1]} | cache


def _is_side_call(body: dict[str, Any]) -> bool:
    """Titles, summaries and quota probes: calls without tools that no person's message caused."""
    return not body.get("tools")


def _last_text(body: dict[str, Any]) -> str:
    for message in reversed(body.get("messages") or []):
        if message.get("role") != "user":
            continue
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for block in reversed(blocks):
            text = text_of_block(block)
            if text and not text.lstrip().startswith(REMINDER):
                return text
    return ""


def text_of_block(block: dict[str, Any]) -> str:
    if block.get("type") == "text":
        return str(block.get("text", ""))
    if block.get("type") == "tool_result":
        content = block.get("content")
        if isinstance(content, str):
            return content
        return "\n".join(text_of_block(inner) for inner in content or [])
    return ""
