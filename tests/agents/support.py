"""Runs that are carried to their end, and the agent's side of the gateway, played."""

import base64
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.agents.gateway.gateway import Gateway
from apps.agents.link.link import LinkClosedError
from apps.agents.models import Question, Run
from apps.agents.questions import questions
from apps.agents.runs.execution import execute
from apps.agents.toolkit import registry
from apps.agents.toolkit.registry import ToolRefusedError
from apps.chats.models import Group, Message
from apps.chats.models.message import MessageQuerySet
from apps.chats.workspace.folders import session_directory
from tests.fakes.messages_api import REMINDER, Recorded, text_of_block

Say = Callable[..., Run]
QUESTION = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 1000,
    "stream": True,
    "tools": [{"name": "x"}],
    "messages": [{"role": "user", "content": "hi"}],
}


class HeardLink:
    """The agent's ear: every frame that reaches it."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.changed = threading.Condition()
        self.gone = False

    def send(self, type_: str, **fields: Any) -> None:
        if self.gone:
            raise LinkClosedError("gone")
        with self.changed:
            self.frames.append({"type": type_, **fields})
            self.changed.notify_all()

    def send_data(self, type_: str, data: bytes, **fields: Any) -> None:
        self.send(type_, data=data, **fields)

    def ended(self, call_id: str, seconds: float = 30) -> tuple[int, bytes, str | None]:
        """(status, body, error) once the call is over."""
        with self.changed:
            assert self.changed.wait_for(lambda: self._of(call_id, "http_end"), seconds), self.frames
        body = b"".join(frame["data"] for frame in self._of(call_id, "http_chunk"))
        return self._of(call_id, "http_response")[0]["status"], body, self._of(call_id, "http_end")[0].get("error")

    def _of(self, call_id: str, type_: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == type_ and frame["id"] == call_id]


def settle(gateway: Gateway, seconds: float = 30) -> None:
    """Until no call is on its way any more."""
    end = time.monotonic() + seconds
    while gateway._calls:
        assert time.monotonic() < end, "a call did not end"
        time.sleep(0.02)


def request(
    call_id: str = "1",
    path: str = "/v1/messages",
    body: Any = QUESTION,
    headers: dict[str, str] | None = None,
    method: str = "POST",
    **more: Any,
) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(body).encode()).decode()
    given = {"content-type": "application/json", "x-api-key": "placeholder", "authorization": "Bearer placeholder"}
    return {
        "type": "http_request",
        "id": call_id,
        "method": method,
        "path": path,
        "headers": given | (headers or {}),
        "body": data,
        "more": False,
        **more,
    }


def finish(run: Run, attempts: int = 6) -> Run:
    """Executes until the run is over, as the worker does when it is woken again and again."""
    for _ in range(attempts):
        execute(run.pk)
        run.refresh_from_db()
        if run.is_over:
            return run
    return run


def states() -> list[str]:
    """Of all runs, the oldest first."""
    return list(Run.objects.order_by("pk").values_list("status", flat=True))


def written(group: Group, session_id: str) -> str:
    """What the command line has noted of a session."""
    return "".join(path.read_text() for path in session_directory(group).rglob(f"{session_id}.jsonl"))


class Deciding:
    """Answers every question as soon as it is asked; `None` answers none."""

    def __init__(self, user: User, choice: str | None) -> None:
        self.asked: list[str] = []
        self._user, self._choice = user, choice
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        from django.db import connection

        while not self._over.wait(0.05):
            for question in Question.objects.open():
                self.asked.append(question.text)
                if self._choice:
                    questions.answer(question, self._choice, user=self._user)
        connection.close()

    def end(self) -> None:
        self._over.set()
        self._thread.join(30)


def outbox(**which: Any) -> MessageQuerySet:
    """What waits to go out, or has gone."""
    return Message.objects.outbound().filter(**which)


def refused(run: Run, name: str, **given: Any) -> str:
    """What the agent hears of a tool that it may not use like that."""
    with pytest.raises(ToolRefusedError) as refusal:
        registry.call(run, name, given)
    return str(refusal.value)


def results_in(turn: Recorded) -> list[str]:
    """What the model read as each tool call's result, in order; without what the command line adds."""
    contents = [block for message in turn.body["messages"] for block in message["content"]]
    results = [block for block in contents if isinstance(block, dict) and block.get("type") == "tool_result"]
    return [text_of_block(result).partition(REMINDER)[0].strip() for result in results]
