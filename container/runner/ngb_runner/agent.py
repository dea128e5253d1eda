"""What every agent is to the session, and what it says when a turn ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ngb_runner.link.frames import cut
from ngb_runner.link.link import Link

STEP_LIMIT = 16_384
DELTA_LIMIT = 32_768


class AgentUnavailableError(Exception):
    """The agent cannot be opened; the message says why in words."""


class SessionUnknownError(Exception):
    """The session to resume is not known to the agent."""


@dataclass
class Result:
    """How a turn ended. `error` is a sentence when `is_error`."""

    text: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    cost_usd: float | None = None
    is_error: bool = False
    error: str | None = None
    interrupted: bool = False


class Agent(Protocol):
    """A live agent. It calls `finish` exactly once for each turn that `prompt` began."""

    session_id: str | None

    @property
    def alive(self) -> bool:
        """Whether another prompt can be given."""

    async def open(self) -> None:
        """Connect; raises AgentUnavailableError or SessionUnknownError."""

    async def prompt(self, prompt_id: str, text: str, images: Sequence[str] = ()) -> None:
        """Begin a turn, or push into the one in progress; `images` are paths in the working directory."""

    async def interrupt(self) -> None:
        """End the turn in progress, keeping what was said."""

    async def close(self) -> None:
        """Disconnect; safe to call twice."""


class Reporter:
    """What an agent tells the host during a turn; `finish` belongs to the session."""

    def __init__(self, link: Link, finish: Callable[[Result], None]) -> None:
        self._link = link
        self.finish = finish

    def accepted(self, prompt_id: str) -> None:
        """The prompt is part of the conversation now."""
        self._link.send("accepted", id=prompt_id)

    def delta(self, text: str) -> None:
        """Visible words, as they come."""
        for at in range(0, len(text), DELTA_LIMIT):
            self._link.send("delta", text=text[at : at + DELTA_LIMIT])

    def step(self, kind: str, summary: str, detail: str = "") -> None:
        """A line for the run's history."""
        self._link.send("step", kind=kind, summary=_one_line(summary), detail=cut(detail, STEP_LIMIT))

    def log(self, level: str, message: str) -> None:
        """A line for the host's log."""
        self._link.log(level, message)

    async def drained(self) -> None:
        """Let the host catch up."""
        await self._link.drained()


def add_usage(total: dict[str, int], more: dict[str, Any] | None) -> None:
    """Add the token counts of one model answer to the turn's."""
    names = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    for name in names:
        value = (more or {}).get(name)
        total[name] = total.get(name, 0) + (value if isinstance(value, int) else 0)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"
