"""What a runtime gives: an agent's byte stream, warm where possible."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from apps.agents.link.link import ByteStream
from apps.agents.models import Session

START_TIMEOUT = 60.0  # seconds until a runner must have said `ready`


def _nothing() -> None:
    """Most agents keep nobody waiting."""


@dataclass(slots=True)
class OpenAgent:
    """An agent whose runner waits for `start`."""

    name: str  # the container's, or the process's
    stream: ByteStream
    settled: Callable[[], None] = _nothing  # called once it is ready, or has failed: another may start now


@dataclass(frozen=True, slots=True)
class Place:
    """How the runner sees its world."""

    cwd: str
    add_dirs: list[str]
    builtin_tools: str  # "all" inside walls, "none" without


class Runtime(Protocol):
    name: str

    def place(self, session: Session) -> Place: ...

    def warm(self, session: Session) -> OpenAgent | None:
        """The session's warm agent, which may have ended unseen; raises RuntimeAwayError."""
        ...

    def start(self, session: Session, waiting: Callable[[], None]) -> OpenAgent:
        """A new agent; raises RuntimeAwayError.

        What may take long calls `waiting` about once a second; it may raise, and then there is no agent.
        """
        ...

    def release(self, session: Session, agent: OpenAgent) -> None:
        """The turn is over; the agent stays for the next one."""
        ...

    def discard(self, session: Session) -> None:
        """The session's agent is gone afterwards, whatever state it was in."""
        ...

    def lives(self, session: Session, agent: OpenAgent) -> bool:
        """Whether an agent that says nothing still runs; raises RuntimeAwayError when nobody can tell."""
        ...

    def abandon(self, session: Session) -> None:
        """The session belongs to another worker now: only what nobody else can reach may be ended."""
        ...
