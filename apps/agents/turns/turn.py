"""One attempt of a run: the conversation with its agent, from the first prompt to the result."""

import logging
import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.agents import authorization, services, wakeups
from apps.agents.billing.ledger import Ledger
from apps.agents.errors import (
    AgentDiedError,
    AgentError,
    LeaseLostError,
    PermanentAgentError,
    RuntimeAwayError,
    SessionUnknownError,
    StoppedError,
)
from apps.agents.gateway import mcp
from apps.agents.link.link import BadLine, Frame
from apps.agents.models import Run, RunStep
from apps.agents.sandbox import disk_quota
from apps.agents.sandbox.base import Runtime
from apps.agents.sandbox.selection import Choice
from apps.agents.toolkit import registry, sdk_permissions, sdk_tools
from apps.agents.toolkit.calls import ToolCalls
from apps.agents.turns import offered_skills, prompts, resource_limits, sandbox_prompt
from apps.agents.turns.agent_connection import Connection, said_error
from apps.chats import incidents
from apps.chats.models import Message
from apps.chats.services import storable
from apps.events import hooks

logger = logging.getLogger(__name__)

POLL = 2.0  # seconds between looks at the rows, for when a wake-up was lost
STOP_BOUND = 5.0  # seconds that an interrupted agent has for its last words
MAX_BAD_LINES = 100
MAX_PUSHED = 4  # prompts on their way that the agent has not taken yet
MAX_ANSWER = 150_000  # characters; an honest runner says no more
MAX_ERROR = 4500
MAX_STEPS = 500
MAX_LOGS = 300
MAX_WAITING_FRAMES = 1000

stopping = threading.Event()  # the worker is shutting down
stop_at = [float("inf")]  # when turns in progress must end (monotonic)


@dataclass(slots=True)
class Answer:
    """What the turn came to."""

    text: str
    sdk_session_id: str
    handled: list[int] = field(default_factory=list)  # primary keys of messages
    last_call: str = ""  # external id of the message that called last: the answer stands under it
    interrupted: bool = False


class Turn:
    """Lives in one worker thread. `converse` returns the answer, None when there is nothing to answer, or raises

    AgentError, or LeaseLostError when nothing of this attempt may count.
    """

    def __init__(self, run: Run, runtime: Runtime, agent: Choice) -> None:
        self.run, self.runtime, self.agent = run, runtime, agent
        self._inbox: wakeups.Inbox = queue.Queue(MAX_WAITING_FRAMES)
        self.ledger = Ledger(run)
        self._connection = Connection(run.session, runtime, self._inbox, self.ledger)
        self._tool_calls = ToolCalls(run, self._connection.send)
        self._disk = disk_quota.Watch(run)
        self._permissions = sdk_permissions.Permissions(run, self._connection.send)
        self._unaccepted: dict[str, prompts.Prompt] = {}  # on their way
        self._accepted: list[prompts.Prompt] = []
        self._seen = 0  # the newest message that was put into a prompt
        self._prompts = 0
        self._steps = self._logs = 0
        self._bad_lines = 0
        self._stopped = self._announced = False
        now = time.monotonic()
        self._deadline = now + run.group.turn_timeout
        self._renewed = self._polled = now

    def converse(self) -> Answer | None:
        wakeups.attend(self.run.session_id, self._inbox)
        try:
            start = self._start()
            self._connection.reach(start)  # a warm agent gets ready while its prompt is composed
            first = prompts.compose(self.run)
            if first is None or not first.calls:
                return None
            self._disk.admit(first.callers)
            return self._hold(start, first)
        finally:
            wakeups.leave(self.run.session_id, self._inbox)
            self._connection.close()

    def _hold(self, start: dict[str, Any], first: prompts.Prompt) -> Answer:
        try:
            return self._converse(start, first)
        except StoppedError:
            self._connection.discard()
            return Answer("", "", list(first.handles), first.last_call, interrupted=True)
        except AgentError:
            self._connection.discard()
            raise
        except LeaseLostError:
            self._connection.abandon()
            raise
        finally:
            self._disk.close()

    def warm_up(self) -> None:
        """The agent is ready for its first prompt afterwards; raises AgentError, or LeaseLostError."""
        try:
            start = self._start()
            self._connection.reach(start)
            self._connection.open(start, waiting=self._hold_on)
        except AgentError:
            self._connection.discard()
            raise
        except LeaseLostError:
            self._connection.abandon()
            raise
        finally:
            self._connection.close()

    def _converse(self, start: dict[str, Any], first: prompts.Prompt) -> Answer:
        try:
            self._begin(start, first)
            return self._until_the_end()
        except SessionUnknownError:
            logger.info("the SDK no longer knows the session %s; a fresh one is begun", self.run.session.sdk_session_id)
            self._connection.discard()
            self.run.session.forget()
            self._unaccepted.clear()
            self._begin({**start, "session_id": None}, first)
            return self._until_the_end()

    def _begin(self, start: dict[str, Any], first: prompts.Prompt) -> None:
        self._connection.open(start, waiting=self._while_it_starts)
        note = prompts.note_of(self._disk.note)
        if self.run.begun_before:
            sent = list(Message.objects.outbound().filter(run=self.run).values_list("text", flat=True))
            note += prompts.earlier_attempt(sent) if sent or self.run.attempt > 1 else ""
        self._prompt(first, note)
        # The agent works already; what only tells about it comes after.
        self.ledger.begin()
        self._announce()
        self.run.note_agent(self.agent.name, self.runtime.name, self._connection.agent_name)
        self._steps = self.run.steps.count()

    def _while_it_starts(self) -> None:
        self._announce()
        self._hold_on()

    def _hold_on(self) -> None:
        """The run stays ours while its agent is being started; raises when it should not go on."""
        self._keep_lease(time.monotonic())
        if self._is_asked_to_stop():
            raise StoppedError(_("Stopped by a person."))

    def _announce(self) -> None:
        """Once: that the run is in progress."""
        if not self._announced:
            self._announced = True
            logger.info("attempt %s begins", self.run.attempt)
            services.announce(self.run)

    def _start(self) -> dict[str, Any]:
        group, place = self.run.group, self.runtime.place(self.run.session)
        return {
            "agent": self.agent.name,
            "session_id": self.run.session.sdk_session_id or None,
            "model": group.model or settings.MODEL,
            "instructions": prompts.instructions(group, with_memory=sdk_permissions.reads_no_settings(group, place))
            + sandbox_prompt.described(group, place),
            "tools": registry.definitions(group),
            "options": {
                "cwd": place.cwd,
                "add_dirs": place.add_dirs,
                "builtin_tools": place.builtin_tools,
                "disallowed_tools": sdk_tools.disallowed(group),
                "skills": offered_skills.offered(group, place),
                "mcp_servers": mcp.offered(group, walled=place.builtin_tools == "all"),
                "max_turns": None,
                "assistant_name": group.assistant_name,
                "revision": str(group.memory_edited_at or ""),  # another one: the agent reads its memory again
                **sdk_permissions.options(group),
            },
        }

    def _prompt(self, prompt: prompts.Prompt, note: str = "") -> None:
        self._prompts += 1
        prompt_id = f"{self.run.pk}.{self.run.attempt}.{self._prompts}"
        self._unaccepted[prompt_id] = prompt
        self._seen = max((self._seen, *prompt.handles))
        authorization.took(self.run, prompt.callers)
        self._connection.send("prompt", id=prompt_id, text=note + prompt.text, images=prompt.images)

    def _until_the_end(self) -> Answer:
        while True:
            self._keep_time()
            if self._stopped and time.monotonic() > self._deadline:
                self._connection.discard()  # it did not listen
                return self._answer("", "", interrupted=True)
            try:
                kind, value = self._inbox.get(timeout=0.5)
            except queue.Empty:
                continue
            if kind == "refused":
                raise PermanentAgentError(value)
            if kind == "wake":
                self._look_at_the_rows()
            elif kind == "booked":
                self.ledger.write()
            elif answer := self._frame(value):
                return answer

    def _keep_time(self) -> None:
        now = time.monotonic()
        self._keep_lease(now)
        if now - self._polled > POLL:
            self._polled = now
            self._look_at_the_rows()
        self.ledger.keep()
        self._disk.look()
        if now > self._deadline and not self._stopped:
            raise PermanentAgentError(
                _("The turn took longer than %g seconds and was ended.") % self.run.group.turn_timeout
            )

    def _keep_lease(self, now: float) -> None:
        if now > stop_at[0]:
            raise RuntimeAwayError(_("The service is being stopped; the run goes on after its start."))
        if now - self._renewed > settings.AGENT_LEASE / 6:
            self._renewed = now
            if not self.run.renew():
                raise LeaseLostError("The lease of the run is lost.")

    def _look_at_the_rows(self) -> None:
        if not self._stopped and self._is_asked_to_stop():
            self._stop()
        self._follow_up()

    def _is_asked_to_stop(self) -> bool:
        return Run.objects.filter(pk=self.run.pk, stop_requested=True).exists()

    def _stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        self._deadline = min(self._deadline, time.monotonic() + STOP_BOUND)
        self._connection.send("interrupt")

    def _follow_up(self) -> None:
        """Messages that came meanwhile go into the live turn, as soon as one of them calls.

        In a flood they wait until the agent has taken what was pushed before, and then go as one prompt.
        """
        if self._stopped or self.run.cause != Run.Cause.MESSAGE or len(self._unaccepted) >= MAX_PUSHED:
            return
        more = prompts.compose(self.run, after=self._seen)
        if more and more.calls:
            self._prompt(more)

    def _frame(self, frame: Frame | BadLine | None) -> Answer | None:
        """The answer, once the result is there."""
        if frame is None:
            raise AgentDiedError(_("The agent ended in the middle of the turn."))
        bad = frame if isinstance(frame, BadLine) else None
        if isinstance(frame, dict):
            serve = getattr(self, f"_on_{frame['type']}", None)
            try:
                if serve is not None:
                    return serve(frame)  # type: ignore[no-any-return]
                bad = BadLine(f"a frame of the unknown type {frame['type'][:50]!r}", "")
            except KeyError as error:
                bad = BadLine(f"a {frame['type']} frame without {error}", "")
        assert bad is not None
        self._note(bad)
        return None

    def _note(self, bad: BadLine) -> None:
        self._bad_lines += 1
        logger.warning("the agent said what is no frame: %s: %s", bad.reason, bad.start)
        if self._bad_lines == 1:
            incidents.record("garbled link", self.run.group.folder, f"The agent said what is no frame: {bad.reason}.")
        if self._bad_lines > MAX_BAD_LINES:
            raise AgentError(_("The agent says nothing but garbage."))

    def _on_accepted(self, frame: Frame) -> None:
        if prompt := self._unaccepted.pop(str(frame["id"]), None):
            self._accepted.append(prompt)

    def _on_delta(self, frame: Frame) -> None:
        hooks.run_delta.fire(run=self.run, text=str(frame["text"]))

    def _on_step(self, frame: Frame) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            return
        last = self._steps == MAX_STEPS
        step = RunStep.objects.create(
            run=self.run,
            seq=self._steps,
            kind=storable(str(frame["kind"]))[:20],
            summary="More steps were made and are not kept." if last else storable(str(frame["summary"]))[:300],
            detail="" if last else storable(str(frame.get("detail", ""))),
        )
        hooks.run_step.fire(step=step)

    def _on_log(self, frame: Frame) -> None:
        self._logs += 1
        if self._logs > MAX_LOGS:
            return
        level = logging.getLevelNamesMapping().get(str(frame["level"]).upper(), logging.INFO)
        logger.log(min(level, logging.WARNING), "agent: %s", str(frame["message"])[:2000])

    def _on_permission(self, frame: Frame) -> None:
        self._permissions.take(frame)

    def _on_tool_call(self, frame: Frame) -> None:
        self._tool_calls.take(frame)

    def _on_error(self, frame: Frame) -> None:
        error = said_error(frame)
        if frame["code"] in ("bad_frame", "frame_too_long", "unknown_type"):
            logger.warning("the agent could not read a frame: %s", error)
            return
        raise error

    def _on_result(self, frame: Frame) -> Answer:
        if resource_limits.told(self.run, frame):
            self._connection.discard()
        if frame.get("is_error") and not self._stopped:
            sentence = _cut(str(frame.get("error") or _("The agent ended with an error and no words.")), MAX_ERROR)
            if self._connection.hopeless:
                raise PermanentAgentError(self._connection.hopeless)
            raise AgentError(self._connection.trouble or sentence)
        # A prompt that crossed the result on its way was not taken: its messages wait for the next run.
        text = _cut(str(frame["text"]), MAX_ANSWER)
        return self._answer(text, str(frame.get("session_id") or ""), interrupted=self._stopped)

    def _answer(self, text: str, sdk_session_id: str, *, interrupted: bool) -> Answer:
        answered = list(self._accepted)
        if interrupted:  # nobody wants an answer to what was on its way either
            answered += self._unaccepted.values()
        handled = [pk for prompt in answered for pk in prompt.handles]
        calls = [prompt.last_call for prompt in answered if prompt.last_call]
        return Answer(text, sdk_session_id, handled, calls[-1] if calls else "", interrupted)


def _cut(text: str, limit: int) -> str:
    """What is left out is said."""
    return text if len(text) <= limit else text[:limit] + "\n\n" + _("[…] %d more characters.") % (len(text) - limit)
