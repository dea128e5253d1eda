"""A stand-in for a LiteLLM proxy with a model of another company behind it, on 127.0.0.1 in a thread of its own.

What it says was recorded from LiteLLM 1.106 (`/v1/messages`, a proxy without a database): usage only at the end of a
stream, nothing but zeros where the model behind it said none, errors that wrap the model's own, two lines long.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.fakes.http_server import Exchange, Server

KEY = "sk-master-1234"
MODEL = "my-model"
MOST_OUTPUT = 16_384  # of the model behind it
BEHIND = "http://10.1.2.3:8000/v1"  # where that one is: an address inside
TOLD = {"input_tokens": 200, "output_tokens": 34, "cache_read_input_tokens": 1000}
UNTOLD = {"input_tokens": 0, "output_tokens": 0}
WRAPPED = "{kind}: {kind}: Hosted_vllmException - {own}\n\nLiteLLM: model group '{model}' failed with the error above."


@dataclass(frozen=True)
class Answer:
    """Words, or the call of a tool."""

    text: str = ""
    tool: str = ""
    usage: dict[str, int] | None = None  # None: as `TOLD`

    @property
    def content(self) -> list[dict[str, Any]]:
        if self.tool:
            return [{"type": "tool_use", "id": f"call_{self.tool}", "name": self.tool, "input": {}}]
        return [{"type": "text", "text": self.text}]


@dataclass(frozen=True)
class Refusal:
    """The model behind the proxy refuses."""

    status: int
    kind: str
    own: str


@dataclass(frozen=True)
class Raw:
    """Another server's words altogether."""

    status: int
    body: bytes


Reply = Answer | Refusal | Raw


class LiteLlm:
    """The server; a context manager. `bodies` are the requests for messages, as they came."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._script: deque[Reply] = deque()
        self._server = Server(0, _Exchange, self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def script(self, *replies: Reply) -> None:
        self._script.extend(replies)

    def reply(self) -> Reply:
        return self._script.popleft() if self._script else Answer("Hello from another model")

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="litellm", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.cut_all()
        self._server.server_close()


class _Exchange(Exchange):
    def serve(self, raw: bytes) -> None:
        api, body = self.server.api, json.loads(raw or b"{}")
        if self.headers.get("authorization") != f"Bearer {KEY}":
            self.write(400, {"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}})
        elif self.path.partition("?")[0] != "/v1/messages":
            self.write(404, {"detail": "Not Found"})
        else:
            api.bodies.append(body)
            self._answer(body, api)

    def _answer(self, body: dict[str, Any], api: LiteLlm) -> None:
        if body["model"] != MODEL:
            return self._fail(400, f"anthropic_messages: Invalid model name passed in model={body['model']}.")
        reply = _too_much(body) or api.reply()
        if isinstance(reply, Raw):
            return self.write(reply.status, reply.body)
        if isinstance(reply, Refusal):
            return self._fail(reply.status, WRAPPED.format(kind=reply.kind, own=reply.own, model=MODEL))
        headers = {"x-litellm-model-api-base": BEHIND, "x-litellm-key-spend": "0.0"}
        if not body.get("stream"):
            return self.write(200, _message(reply) | {"usage": reply.usage or TOLD}, headers)
        events = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in _events(reply))
        return self.write(200, events.encode(), headers | {"Content-Type": "text/event-stream; charset=utf-8"})

    def _fail(self, status: int, message: str) -> None:
        self.write(status, {"type": "error", "error": {"type": "api_error", "message": message}})


def _too_much(body: dict[str, Any]) -> Refusal | None:
    if (asked := body["max_tokens"]) <= MOST_OUTPUT:
        return None
    own = f"max_tokens is too large: {asked}. This model supports at most {MOST_OUTPUT} completion tokens."
    return Refusal(400, "litellm.BadRequestError", own)


def _message(reply: Answer) -> dict[str, Any]:
    why = "tool_use" if reply.tool else "end_turn"
    shape = {"id": "chatcmpl-1", "type": "message", "role": "assistant", "model": MODEL, "stop_sequence": None}
    return {**shape, "content": reply.content, "stop_reason": why}


def _events(reply: Answer) -> Iterator[dict[str, Any]]:
    nothing = UNTOLD | {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    whole = _message(reply)
    yield {"type": "message_start", "message": whole | {"content": [], "stop_reason": None, "usage": nothing}}
    block, said = {"type": "text", "text": ""}, {"type": "text_delta", "text": reply.text}
    if reply.tool:
        block, said = reply.content[0], {"type": "input_json_delta", "partial_json": "{}"}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    yield {"type": "content_block_delta", "index": 0, "delta": said}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": whole["stop_reason"]}, "usage": reply.usage or TOLD}
    yield {"type": "message_stop"}
