"""The agent asks leave for a tool of its own (`Bash`): each request waits in its own thread, of one turn never many.

What cannot be asked, or is not answered, is denied.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from apps.agents import authorization
from apps.agents.errors import AgentDiedError
from apps.agents.link.link import Frame
from apps.agents.models import Run
from apps.agents.questions import approvals
from apps.agents.questions.questions import MOST_OPEN
from apps.agents.sandbox.base import Place
from apps.agents.toolkit import registry
from apps.chats import incidents
from apps.chats.models import Group

logger = logging.getLogger(__name__)

TOO_MANY = f"{MOST_OPEN} requests of yours wait for an admin already: wait for their answers."
LONGER = 60.0  # seconds by which the agent waits longer than people have to answer


@cache
def _pool() -> ThreadPoolExecutor:
    """Wide enough for everybody's share: who waits for a person holds up nobody else."""
    return ThreadPoolExecutor(max_workers=settings.AGENT_CONCURRENCY * MOST_OPEN, thread_name_prefix="permission")


def asked_about(group: Group) -> list[str]:
    """The agent's own tools, patterns among them, each use of which it must ask for."""
    given = (group.approval_tools, group.admin_tools)  # a list, or one name without its brackets
    named = {str(name).strip() for names in given for name in ([names] if isinstance(names, str) else names)}
    return sorted(name for name in named - {""} if not registry.is_ours(name))


def reads_no_settings(group: Group, place: Place) -> bool:
    """Whether the agent is kept from files that it can write itself, its memory among them."""
    return place.builtin_tools == "none" or bool(asked_about(group))


def options(group: Group) -> dict[str, Any]:
    """What `start` tells of it, and how long an answer may take."""
    return {"ask_tools": asked_about(group), "answer_seconds": settings.AGENT_QUESTION_TIMEOUT + LONGER}


class Permissions:
    """`send` writes a frame to the agent, and raises AgentDiedError."""

    def __init__(self, run: Run, send: Callable[..., None]) -> None:
        self._run = run
        self._send = send
        self._free = threading.BoundedSemaphore(MOST_OPEN)

    def take(self, frame: Frame) -> None:
        """A permission frame; raises KeyError for one that lacks something."""
        request_id, name, given = str(frame["id"]), str(frame["tool"])[:200], frame["input"]
        if not self._free.acquire(blocking=False):
            self._answer(request_id, TOO_MANY)
            return
        _pool().submit(copy_context().run, self._serve, request_id, name, given)

    def _serve(self, request_id: str, name: str, given: Any) -> None:
        refusal = f"Whether the tool {name} may be used could not be found out; the service's log says why."
        try:
            refusal = self._refusal(name, given)
        except Exception:
            logger.exception("the permission for %s could not be asked", name)
        finally:
            close_old_connections()
            self._free.release()
        self._answer(request_id, refusal)

    def _refusal(self, name: str, given: Any) -> str:
        if sentence := authorization.refusal(self._run, name):
            incidents.record("refused tool", self._run.group.folder, sentence)
            return sentence
        if not isinstance(given, dict):
            return f"The input of the tool {name} is no object."
        return approvals.tool_refusal(self._run, name, given)

    def _answer(self, request_id: str, refusal: str) -> None:
        try:
            self._send("permission_result", id=request_id, allow=not refusal, message=refusal)
        except AgentDiedError:
            logger.info("the agent was gone before it got its permission")
