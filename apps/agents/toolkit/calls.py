"""A turn's calls of the host's tools: each in a thread of its own, so many at once and so many in all."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any

from django.conf import settings

from apps.agents.errors import AgentDiedError
from apps.agents.link.link import Frame
from apps.agents.models import Run
from apps.agents.toolkit import db_connections, registry
from apps.chats import incidents
from apps.chats.services import storable

logger = logging.getLogger(__name__)

MOST_CALLS = 200  # of one attempt
MOST_AT_ONCE = 8
MOST_ANSWER = 100_000  # characters


@cache
def _pool() -> ThreadPoolExecutor:
    """Wide enough for everybody's share: calls that wait for a person hold up nobody else's."""
    return ThreadPoolExecutor(max_workers=settings.AGENT_CONCURRENCY * MOST_AT_ONCE, thread_name_prefix="tool")


class ToolCalls:
    """`send` writes a frame to the agent, and raises AgentDiedError."""

    def __init__(self, run: Run, send: Callable[..., None]) -> None:
        self._run = run
        self._send = send
        self._count = 0
        self._running = 0
        self._lock = threading.Lock()

    def take(self, frame: Frame) -> None:
        """A tool_call; raises KeyError for one that lacks something."""
        call_id, name, given = str(frame["id"]), str(frame["name"]), frame.get("input") or {}
        if sentence := self._too_much():
            self._answer(call_id, name, sentence, is_error=True)
        else:
            _pool().submit(copy_context().run, self._serve, call_id, name, given)

    def _too_much(self) -> str:
        """Why this call is not served; empty: it is, and is counted."""
        with self._lock:
            self._count += 1
            if self._count <= MOST_CALLS and self._running < MOST_AT_ONCE:
                self._running += 1
                return ""
        if self._count <= MOST_CALLS:
            return f"At most {MOST_AT_ONCE} calls are served at once: call it again when the others are answered."
        sentence = f"A run may call {MOST_CALLS} tools, and these are used up: end your turn."
        if self._count == MOST_CALLS + 1:
            incidents.record("refused tool", self._run.group.folder, sentence)
        return sentence

    def _serve(self, call_id: str, name: str, given: Any) -> None:
        is_error = True
        try:
            with db_connections.at_hand():
                content = registry.call(self._run, name, given)
            is_error = False
        except registry.ToolRefusedError as error:
            content = str(error)
        except Exception:
            logger.exception("the tool %s failed", name)
            content = f"The tool {name} failed; the service's log says why."
        finally:
            with self._lock:
                self._running -= 1
        self._answer(call_id, name, content, is_error=is_error)

    def _answer(self, call_id: str, name: str, content: str, *, is_error: bool) -> None:
        content = storable(content)[:MOST_ANSWER]
        try:
            self._send("tool_result", id=call_id, content=content, is_error=is_error)
        except AgentDiedError:
            logger.info("the agent was gone before it got the result of %s", name)
