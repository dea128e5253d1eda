"""The worker's side of an agent's model calls: adds the key, streams both ways, counts, and notices refusals."""

import base64
import binascii
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache

import httpx
from django.conf import settings

from apps.agents import mcp
from apps.agents.calls import Call
from apps.agents.link import Frame, Link, LinkClosedError
from apps.agents.metering import Meter
from apps.agents.pricing import Usage

logger = logging.getLogger(__name__)

ALLOWED = {("POST", "/v1/messages"), ("POST", "/v1/messages/count_tokens"), ("GET", "/v1/models")}
PASSED_UP = {"content-type", "accept", "anthropic-version", "anthropic-beta", "user-agent"}
KEPT_BACK = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "set-cookie"}
OAUTH_BETA = "oauth-2025-04-20"  # what the API asks for beside a Claude Code OAuth token
NO_ENTRY = {401, 402, 403}  # the key or the account is refused: whatever the agent does, no call will pass
HOPELESS = {400, 404, 413}  # the same call again gets the same answer, though another may pass
MAX_BODY = 32 * 1024 * 1024  # bytes; the Messages API takes no more (docs.claude.com, "Request size limits")
MAX_AT_ONCE = 8  # calls of one agent


@cache
def upstream() -> httpx.Client:
    """One pooled client for each process."""
    timeout = httpx.Timeout(settings.AGENT_MODEL_TIMEOUT, connect=10, pool=30)
    return httpx.Client(timeout=timeout, limits=httpx.Limits(max_connections=200, max_keepalive_connections=20))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=settings.AGENT_CONCURRENCY * MAX_AT_ONCE, thread_name_prefix="gateway")


class Gateway:
    """Serves the http_* frames of one link; `on_refusal` hears one sentence when the key is refused.

    The command line in the container goes on retrying a refused key for minutes; who hears of it here can end the run.
    """

    def __init__(self, link: Link, *, on_refusal: Callable[[str], None], group_id: int | None = None) -> None:
        self._link = link
        self._group_id = group_id  # whose MCP servers may be called
        self._on_refusal = on_refusal
        self._calls: dict[str, Call] = {}
        self._lock = threading.Lock()
        self.usage = Usage()
        self.model = ""
        self.hopeless = ""  # why the last call of all failed, where trying again cannot help

    def take(self, frame: Frame) -> None:
        """One of http_request, http_body, http_cancel."""
        try:
            data = base64.b64decode(frame.get("body") or frame.get("data") or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            return self._refuse(str(frame.get("id")), 400, "The body is not base64.")
        if frame["type"] == "http_request":
            return self._open(frame, data)
        call = self._calls.get(str(frame.get("id")))
        if call is None:
            return None  # it has ended meanwhile
        if frame["type"] == "http_cancel":
            return call.cancel()
        return self._more(call, data, last=bool(frame.get("last")))

    def close(self) -> None:
        """The turn is over: what is still on its way is let go."""
        for call in list(self._calls.values()):
            call.cancel()

    def _open(self, frame: Frame, data: bytes) -> None:
        headers = {str(name).lower(): str(value) for name, value in dict(frame.get("headers") or {}).items()}
        call = Call(str(frame["id"]), str(frame.get("method")), str(frame.get("path")), headers, bytearray())
        to_mcp = call.path.startswith(mcp.PREFIX) and self._group_id is not None
        if not to_mcp and (call.method, call.path.partition("?")[0]) not in ALLOWED:
            return self._refuse(call.id, 404, f"{call.method} {call.path} is not a call that agents may make.")
        if len(self._calls) >= MAX_AT_ONCE:
            return self._refuse(call.id, 429, f"More than {MAX_AT_ONCE} model calls at once.")
        self._calls[call.id] = call
        return self._more(call, data, last=not frame.get("more"))

    def _more(self, call: Call, data: bytes, *, last: bool) -> None:
        call.body += data
        if len(call.body) > MAX_BODY:
            self._calls.pop(call.id, None)
            self._refuse(call.id, 413, f"The request is larger than {MAX_BODY} bytes.")
        elif last:
            _pool().submit(copy_context().run, self._carry, call)

    def _carry(self, call: Call) -> None:
        try:
            if call.path.startswith(mcp.PREFIX):
                mcp.carry(call, self._link, self._group_id)
            else:
                self._forward(call)
        except LinkClosedError:
            logger.debug("the agent went away during model call %s", call.id)
        except httpx.HTTPError as error:
            self._break_off(call, _what_happened(error))
        except Exception:
            logger.exception("model call %s failed", call.id)
            self._break_off(call, "The gateway failed; its log says why.")
        finally:
            self._calls.pop(call.id, None)

    def _forward(self, call: Call) -> None:
        request = upstream().build_request(
            call.method,
            settings.ANTHROPIC_BASE_URL + call.path,
            headers=_headers_up(call.headers),
            content=bytes(call.body),
        )
        response = upstream().send(request, stream=True)
        try:
            self._pass_down(call, response)
        finally:
            response.close()

    def _pass_down(self, call: Call, response: httpx.Response) -> None:
        headers = {name: value for name, value in response.headers.items() if name.lower() not in KEPT_BACK}
        meter = Meter(streamed=headers.get("content-type", "").startswith("text/event-stream"))
        call.answered = True
        self._link.send("http_response", id=call.id, status=response.status_code, headers=headers)
        said = bytearray()
        try:
            for data in response.iter_bytes():
                if call.cancelled.is_set():
                    return
                meter.feed(data)
                self._link.send_data("http_chunk", data, id=call.id)
                if response.status_code >= 400:
                    said += data
        finally:
            self._count(meter)
        self._link.send("http_end", id=call.id)
        self._judge(response.status_code, bytes(said))

    def _judge(self, status: int, said: bytes) -> None:
        self.hopeless = refusal_sentence(status, said) if status in HOPELESS | NO_ENTRY else ""
        if status in NO_ENTRY:
            self._on_refusal(self.hopeless)

    def _count(self, meter: Meter) -> None:
        with self._lock:
            self.usage.add(meter.close())
            self.model = meter.model or self.model

    def _break_off(self, call: Call, sentence: str) -> None:
        logger.warning("model call %s: %s", call.id, sentence)
        try:
            if call.answered:
                self._link.send("http_end", id=call.id, error=sentence)
            else:
                self._refuse(call.id, 504, sentence)
        except LinkClosedError:
            logger.debug("the agent went away before it could be told: %s", sentence)

    def _refuse(self, call_id: str, status: int, sentence: str) -> None:
        """An answer of our own, in the API's form, which the command line understands."""
        kind = {404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error"}.get(status, "api_error")
        body = json.dumps({"type": "error", "error": {"type": kind, "message": sentence}}).encode()
        self._link.send("http_response", id=call_id, status=status, headers={"content-type": "application/json"})
        self._link.send_data("http_chunk", body, id=call_id)
        self._link.send("http_end", id=call_id)


def _what_happened(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"The model has said nothing for {settings.AGENT_MODEL_TIMEOUT:g} seconds."
    return f"The model cannot be reached ({type(error).__name__})."


def _headers_up(headers: dict[str, str]) -> dict[str, str]:
    """What the agent said, without its placeholder key and with ours; uncompressed, so that it can be counted."""
    passed = {name: value for name, value in headers.items() if name in PASSED_UP}
    passed["accept-encoding"] = "identity"
    if settings.ANTHROPIC_API_KEY:
        return passed | {"x-api-key": settings.ANTHROPIC_API_KEY}
    betas = ",".join(filter(None, [passed.get("anthropic-beta", ""), OAUTH_BETA]))
    return passed | {"authorization": f"Bearer {settings.CLAUDE_CODE_OAUTH_TOKEN}", "anthropic-beta": betas}


def refusal_sentence(status: int, body: bytes) -> str:
    """The upstream's own words, in one line."""
    try:
        said = httpx.Response(status, content=body).json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = f"HTTP {status}"
    advice = " Check ANTHROPIC_API_KEY in .env." if status in (401, 403) else ""
    return f"The model refused: {str(said)[:300]}.{advice}".replace("..", ".")
