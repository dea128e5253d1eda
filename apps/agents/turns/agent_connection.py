"""An agent that has said `ready`: warm where it can be, its link and its gateway open for one turn."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.utils.translation import gettext as _

from apps.agents.billing.ledger import Ledger
from apps.agents.egress import egress
from apps.agents.errors import AgentDiedError, AgentError, PermanentAgentError, SessionUnknownError
from apps.agents.gateway.gateway import Gateway
from apps.agents.link import throttle
from apps.agents.link.link import PROTOCOL, BadLine, Frame, Link, LinkClosedError
from apps.agents.models import Session
from apps.agents.providers import pool
from apps.agents.sandbox.base import START_TIMEOUT, OpenAgent, Runtime
from apps.agents.wakeups import Inbox

logger = logging.getLogger(__name__)

AT_ONCE = 0.05  # seconds within which a warm agent is ready
SILENCE = 1.0  # seconds after which an agent that is not ready yet is looked at
GATEWAY_FRAMES = {"http_request", "http_body", "http_cancel"}
NO_USE_TO_RETRY = {"agent_unavailable", "protocol_mismatch"}


class Connection:
    """Frames reach the inbox as ("frame", Frame | BadLine | None); model calls and tunnels are served apart."""

    def __init__(self, session: Session, runtime: Runtime, inbox: Inbox, ledger: Ledger) -> None:
        self.session, self.runtime, self.inbox, self.ledger = session, runtime, inbox, ledger
        self._link: Link | None = None
        self._gateway: Gateway | None = None
        self._egress: egress.Egress | None = None
        self._agent: OpenAgent | None = None
        self._closed = threading.Event()
        self._owes_ready = False  # a `start` was sent, and its `ready` not heard yet

    @property
    def agent_name(self) -> str:
        return self._agent.name if self._agent else ""

    @property
    def hopeless(self) -> str:
        """Why trying again cannot help, as the model's last answer said."""
        return self._gateway.hopeless if self._gateway else ""

    @property
    def trouble(self) -> str:
        """Why the model's last answer was none; empty: it was one."""
        return self._gateway.trouble if self._gateway else ""

    def reach(self, start: dict[str, Any]) -> None:
        """A warm agent, where there is one, gets ready from now on; `open` or `close` waits for it.

        Raises RuntimeAwayError.
        """
        self._agent = self.runtime.warm(self.session)
        if self._agent:
            try:
                self._begin(start)
            except AgentDiedError as error:
                self._give_way(str(error))

    def open(self, start: dict[str, Any], *, waiting: Callable[[], None]) -> None:
        """Ready for a prompt afterwards; raises AgentError, among them RuntimeAwayError and SessionUnknownError.

        `waiting` is called after a moment, and then about once a second until the agent is ready; it may raise.
        A warm agent that does not answer, or is still busy for a worker which died, gives way to a new one.
        """
        if self._is_open and self._is_usable(waiting):
            return
        self._agent = self.runtime.start(self.session, waiting)
        try:
            self._begin(start)
            if self._ready(waiting).get("busy"):
                raise AgentError(_("A new agent says that it is busy."))
        finally:
            self._agent.settled()

    def send(self, type_: str, **fields: Any) -> None:
        assert self._link is not None
        try:
            self._link.send(type_, **fields)
        except LinkClosedError as error:
            raise AgentDiedError(str(error)) from error

    def close(self) -> None:
        """Lets the agent go; a warm one stays for the next turn, which must not hear the answer to this one's start."""
        if self._is_open and self._owes_ready and not self._is_ready_at_last():
            self._give_way("it was not ready when its turn was over")
        if self._let_go() and self._agent:
            self.runtime.release(self.session, self._agent)

    def abandon(self) -> None:
        """The run is somebody else's now, and so may the agent be."""
        self._let_go()
        self.runtime.abandon(self.session)

    def discard(self) -> None:
        """The agent is gone afterwards."""
        self._let_go()
        self.runtime.discard(self.session)

    @property
    def _is_open(self) -> bool:
        return self._link is not None and not self._closed.is_set()

    def _is_usable(self, waiting: Callable[[], None]) -> bool:
        """Whether the warm agent that was reached is ready; one that is not is gone afterwards."""
        try:
            if not self._ready(waiting).get("busy"):
                return True
            self._give_way("it is still busy with a turn that nobody hears")
        except AgentDiedError as error:
            self._give_way(str(error))
        return False

    def _give_way(self, why: str) -> None:
        logger.info("the agent %s gives way to a new one: %s", self.agent_name, why)
        self.discard()

    def _begin(self, start: dict[str, Any]) -> None:
        """The link and its servants, and the first frame over it; raises AgentDiedError."""
        assert self._agent is not None
        self._closed = closed = threading.Event()
        self._link = Link(
            self._agent.stream,
            lambda frame: self._arrived(frame, closed),
            on_flood=lambda: self._put(("refused", throttle.SENTENCE), closed),
        )
        self._gateway = Gateway(
            self._link,
            on_refusal=lambda sentence: self._put(("refused", sentence), closed),
            on_booked=lambda: self._put(("booked", None), closed),
            ledger=self.ledger,
            group_id=self.session.group_id,
            asked=lambda: pool.candidates(self.session.group.provider_id),
        )
        self._egress = egress.Egress(self._link, self.ledger.run)
        try:
            self._link.end_line()
        except LinkClosedError as error:
            raise AgentDiedError(str(error)) from error
        self._owes_ready = True
        self.send("start", protocol=PROTOCOL, **start)

    def _ready(self, waiting: Callable[[], None]) -> Frame:
        deadline = time.monotonic() + START_TIMEOUT
        patience = AT_ONCE
        while time.monotonic() < deadline:
            try:
                kind, frame = self.inbox.get(timeout=patience)
            except queue.Empty:
                waiting()
                if patience == SILENCE:
                    self._look_at_it()
                patience = SILENCE
                continue
            if kind == "wake":
                waiting()
            if kind != "frame" or isinstance(frame, BadLine):
                continue
            if frame is None:
                raise AgentDiedError(_("The agent ended before it was ready."))
            if frame["type"] == "ready":
                self._owes_ready = False
                return _checked(frame)
            if frame["type"] == "error":
                raise said_error(frame)
        raise AgentDiedError(_("The agent was not ready within %g seconds.") % START_TIMEOUT)

    def _is_ready_at_last(self) -> bool:
        """The same for a turn that ends before its prompt: a moment's wait, without a look at the rows."""
        deadline = time.monotonic() + SILENCE
        with suppress(queue.Empty):
            while (left := deadline - time.monotonic()) > 0:
                kind, frame = self.inbox.get(timeout=left)
                if kind == "frame" and frame is None:
                    break
                if kind == "frame" and not isinstance(frame, BadLine) and frame["type"] == "ready":
                    return not frame.get("busy")
        return False

    def _look_at_it(self) -> None:
        """A warm one was attached to unseen, and may have ended long ago."""
        assert self._agent is not None
        if not self.runtime.lives(self.session, self._agent):
            raise AgentDiedError(_("The agent had ended."))

    def _let_go(self) -> bool:
        """False when it was let go already."""
        if not self._is_open:
            return False
        self._closed.set()
        assert self._link is not None
        assert self._gateway is not None
        assert self._egress is not None
        self._gateway.close()
        self._egress.close()
        self._link.close()
        self._egress.note()
        while not self.inbox.empty():
            self.inbox.get_nowait()
        return True

    def _arrived(self, frame: Frame | BadLine | None, closed: threading.Event) -> None:
        """In the link's own thread."""
        if not isinstance(frame, dict) or frame["type"] not in GATEWAY_FRAMES | egress.FRAMES:
            return self._put(("frame", frame), closed)
        served = self._egress if frame["type"] in egress.FRAMES else self._gateway
        assert served is not None
        try:
            served.take(frame)
        except (KeyError, TypeError, ValueError) as error:
            self._put(("frame", BadLine(f"a {frame['type']} frame is wrong: {error!r}", "")), closed)
        except LinkClosedError as error:
            logger.debug("the agent was gone before it could be answered: %s", error)
        return None

    def _put(self, item: tuple[str, Any], closed: threading.Event) -> None:
        """Waits while the inbox is full, so that a flood slows the agent down, not the worker."""
        while not closed.is_set():
            with suppress(queue.Full):
                self.inbox.put(item, timeout=0.5)
                return


def said_error(frame: Frame) -> AgentError:
    """The runner's `error` frame as an exception."""
    code, message = str(frame.get("code")), str(frame.get("message"))
    if code == "session_unknown":
        return SessionUnknownError(message)
    return PermanentAgentError(message) if code in NO_USE_TO_RETRY else AgentError(message)


def _checked(ready: Frame) -> Frame:
    if ready.get("protocol") != PROTOCOL:
        raise PermanentAgentError(
            _("The agent image speaks protocol %(its)s, this service %(ours)s: run `manage.py buildagent`.")
            % {"its": ready.get("protocol"), "ours": PROTOCOL}
        )
    return ready
