"""The worker's side of an agent's model calls: streams both ways, counts, and says when the run must end."""

import base64
import binascii
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any

import httpx
from django.conf import settings
from django.db import close_old_connections
from django.utils.translation import gettext as _

from apps.agents.billing.ledger import Ledger
from apps.agents.gateway import mcp, request_policy
from apps.agents.gateway.metering import BYTES_A_TOKEN, Meter
from apps.agents.gateway.redaction import Redactor
from apps.agents.link.link import Frame, Link, LinkClosedError
from apps.agents.pricing import cost
from apps.agents.providers import pool
from apps.agents.providers.call import Call
from apps.agents.providers.failover import (
    Answered,
    asked_model,
    first_answer,
    is_message,
    keeps_us_out,
    refusal_sentence,
    what_happened,
)
from apps.agents.providers.pool import Provider
from apps.chats import incidents
from apps.chats.models import Group

logger = logging.getLogger(__name__)

ALLOWED = {("POST", "/v1/messages"), ("POST", "/v1/messages/count_tokens"), ("GET", "/v1/models")}
FAILED = 400  # and every status above it
HOPELESS = {400, 404, 413}  # the same call again gets the same answer, though another may pass
MAX_BODY = 32 * 1024 * 1024  # bytes; the Messages API takes no more (docs.claude.com, "Request size limits")
MAX_PATH = 1000  # characters
MAX_AT_ONCE = 8  # calls of one agent
MAX_HELD = 2 * MAX_BODY  # bytes of all its calls together
MAX_TURNED_AWAY = 50  # calls of one agent's turn; after that somebody is told
MAX_TOLD = 20  # failed calls of one agent's turn that the log tells of

_carried: Counter[int | None] = Counter()  # calls of each session that the pool works at, of turns that have ended too
_counting = threading.Lock()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=settings.AGENT_CONCURRENCY * MAX_AT_ONCE, thread_name_prefix="gateway")


class Gateway:
    """Serves the http_* frames of one link; `on_refusal` hears one sentence when no further call can pass.

    The command line in the container goes on trying for minutes; who hears of it here can end the run. The ledger is
    asked before each call that costs money, and told after it; `on_booked` is called then, while the agent reads its
    answer. `asked` says which providers there are just now.
    """

    def __init__(
        self,
        link: Link,
        *,
        on_refusal: Callable[[str], None],
        on_booked: Callable[[], None] = lambda: None,
        ledger: Ledger,
        group_id: int | None = None,
        asked: Callable[[], list[Provider]] = pool.candidates,
    ) -> None:
        self._link = link
        self._group_id = group_id  # whose MCP servers may be called
        self._on_refusal = on_refusal
        self._on_booked = on_booked
        self._ledger = ledger
        self._session_id = ledger.run.session_id
        self._asked = asked
        self._calls: dict[str, Call] = {}
        self._turned_away = self._broken_off = 0
        self._told: set[str] = set()  # refusals that are incidents already
        self.trouble = ""  # why the last call of all failed
        self.hopeless = ""  # the same, where trying again cannot help

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
            if not call.is_whole:  # nobody carries it yet
                del self._calls[call.id]
            return call.cancel()
        if call.is_whole:
            raise ValueError("more of a request that was whole")
        return self._more(call, data, last=bool(frame.get("last")))

    def close(self) -> None:
        """The turn is over: what is still on its way is let go."""
        for call in list(self._calls.values()):
            call.cancel()

    def _open(self, frame: Frame, data: bytes) -> None:
        headers = {str(name).lower(): str(value) for name, value in dict(frame.get("headers") or {}).items()}
        call = Call(str(frame["id"]), str(frame.get("method")), str(frame.get("path")), headers, bytearray())
        to_mcp = call.path.startswith(mcp.PREFIX) and self._group_id is not None
        is_known = (call.method, call.path.partition("?")[0]) in ALLOWED and len(call.path) <= MAX_PATH
        if not (to_mcp or is_known) or not (call.path.isascii() and call.path.isprintable()):
            return self._refuse(call.id, 404, f"{call.method} {call.path[:100]} is not a call that agents may make.")
        if call.id in self._calls:
            raise ValueError(f"a second request {call.id[:20]!r}")
        if self._under_way() >= MAX_AT_ONCE:
            return self._turn_away(call)
        self._calls[call.id] = call
        return self._more(call, data, last=not frame.get("more"))

    def _under_way(self) -> int:
        """The agent's calls, with those that an earlier turn gave up and that are read to their end."""
        return sum(not call.is_whole for call in list(self._calls.values())) + _carried[self._session_id]

    def _more(self, call: Call, data: bytes, *, last: bool) -> None:
        call.body += data
        held = sum(len(each.body) for each in list(self._calls.values()))
        if len(call.body) > MAX_BODY or held > MAX_HELD:
            self._calls.pop(call.id, None)
            self._refuse(call.id, 413, f"The request is larger than {MAX_BODY} bytes, or all together than {MAX_HELD}.")
        elif last:
            call.is_whole = True
            _count_carried(self._session_id, 1)
            _pool().submit(copy_context().run, self._carry, call)

    def _turn_away(self, call: Call) -> None:
        self._turned_away += 1
        if self._turned_away == MAX_TURNED_AWAY:
            told = _("The agent asked for more than %d model calls at once, again and again.") % MAX_AT_ONCE
            # In a thread of the pool: this one reads the link, and has no connection to the database.
            _pool().submit(copy_context().run, _tell, "flood", self._ledger.run.group.folder, told)
        self._refuse(call.id, 429, f"More than {MAX_AT_ONCE} model calls at once.")

    def _carry(self, call: Call) -> None:
        try:
            if call.path.startswith(mcp.PREFIX):
                mcp.carry(call, self._link, self._group_id)
            else:
                self._forward(call)
        except LinkClosedError:
            logger.debug("the agent went away during model call %s", call.id)
        except httpx.HTTPError as error:
            self._break_off(call, what_happened(error))
        except Exception as error:
            self._break_off(call, _("The gateway failed; its log says why."), unexpected=error)
        finally:
            _count_carried(self._session_id, -1)
            self._calls.pop(call.id, None)

    def _forward(self, call: Call) -> None:
        if self._ledger.run.group.network != Group.Network.OPEN and (sentence := request_policy.refusal(call.body)):
            if sentence not in self._told:
                self._told.add(sentence)
                _tell("refused host", self._ledger.run.group.folder, sentence)
            return self._refuse(call.id, 400, sentence)
        if not is_message(call):
            self._answer(call)
        elif spent := self._ledger.admit():
            return self._end(call, 402, spent)
        else:
            self._answer_and_book(call)
        return self._say(call, "http_end") if call.answered else None

    def _answer_and_book(self, call: Call) -> None:
        """Over before the agent hears the answer's end and asks again: that call must not count beside this one."""
        try:
            self._answer(call)
        finally:
            self._ledger.ended()
            self._on_booked()

    def _answer(self, call: Call) -> None:
        """All but its end."""
        asked = self._asked()
        if not asked:
            sentence = _("There is no key for the model any more: the admin has no model provider that can be used.")
            return self._end(call, 401, sentence)
        answered = first_answer(call, asked)
        if answered is None:
            return None
        call.answered = True
        self._say(call, "http_response", status=answered.status, headers=answered.headers)
        if answered.stream is None:
            self._say(call, "http_chunk", answered.body)
        else:
            self._pass_down(call, answered.provider, answered.stream)
        if is_message(call) and not call.cancelled.is_set():  # not every endpoint can count tokens or list its models
            self._judge(answered)
        return None

    def _end(self, call: Call, status: int, sentence: str) -> None:
        """Whoever can end the run hears of it before the agent, whose own words for it might be there first."""
        self._on_refusal(sentence)
        self._refuse(call.id, status, sentence)

    def _say(self, call: Call, kind: str, data: bytes | None = None, **fields: Any) -> None:
        """To whoever still listens; an agent that is gone has given the call up."""
        if call.cancelled.is_set():
            return
        try:
            if data is None:
                self._link.send(kind, id=call.id, **fields)
            else:
                self._link.send_data(kind, data, id=call.id)
        except LinkClosedError:
            call.cancel()

    def _pass_down(self, call: Call, provider: Provider, stream: httpx.Response) -> None:
        """An agent that gives the call up hears no more of it, but it is read until it says what it costs."""
        meter = Meter(streamed=stream.headers.get("content-type", "").startswith("text/event-stream"))
        redactor = Redactor([provider.key])  # for an endpoint that repeats what it was sent
        try:
            for data in stream.iter_bytes():
                meter.feed(data)
                if call.cancelled.is_set() and meter.has_begun:
                    break
                if shown := redactor.feed(data):
                    self._say(call, "http_chunk", shown)
            if rest := redactor.close():
                self._say(call, "http_chunk", rest)
        finally:
            stream.close()
            self._count(call, provider, meter)

    def _judge(self, answered: Answered) -> None:
        self.trouble = refusal_sentence(answered) if answered.status >= FAILED else ""
        is_shut = keeps_us_out(answered)
        self.hopeless = self.trouble if is_shut or answered.status in HOPELESS else ""
        if is_shut:
            self._on_refusal(self.hopeless)

    def _count(self, call: Call, provider: Provider, meter: Meter) -> None:
        usage = meter.close()
        if not is_message(call) or not (meter.model or usage.prompt_tokens or usage.output_tokens):
            return
        usage.input_tokens = usage.input_tokens or (0 if usage.prompt_tokens else len(call.body) // BYTES_A_TOKEN)
        model = meter.model or asked_model(call)
        price = cost((model,), usage, provider.prices)
        if price is None and provider.model_names:  # by the name that the agent used
            price = cost((asked_model(call),), usage, provider.prices)
        usage.cost_usd = price or usage.cost_usd
        self._ledger.book(provider.name, model, usage, is_priced=price is not None)

    def _break_off(self, call: Call, sentence: str, *, unexpected: Exception | None = None) -> None:
        self._broken_off += 1
        if self._broken_off <= MAX_TOLD:
            level = logging.ERROR if unexpected else logging.WARNING
            logger.log(level, "model call %s: %s", call.id[:20], sentence, exc_info=unexpected)
        self.trouble, self.hopeless = sentence, ""
        try:
            if call.answered:
                self._link.send("http_end", id=call.id, error=sentence)
            else:
                self._refuse(call.id, 504, sentence)
        except LinkClosedError:
            logger.debug("the agent went away before it could be told: %s", sentence)

    def _refuse(self, call_id: str, status: int, sentence: str) -> None:
        """An answer of our own, in the API's form, which the command line understands."""
        kind = {
            401: "authentication_error",
            402: "billing_error",
            404: "not_found_error",
            413: "request_too_large",
            429: "rate_limit_error",
        }.get(status, "api_error")
        body = json.dumps({"type": "error", "error": {"type": kind, "message": sentence}}).encode()
        self._link.send("http_response", id=call_id, status=status, headers={"content-type": "application/json"})
        self._link.send_data("http_chunk", body, id=call_id)
        self._link.send("http_end", id=call_id)


def _count_carried(session_id: int | None, more: int) -> None:
    with _counting:
        _carried[session_id] += more
        if not _carried[session_id]:
            del _carried[session_id]


def _tell(kind: str, folder: str, sentence: str) -> None:
    try:
        incidents.record(kind, folder, sentence)
    finally:
        close_old_connections()
