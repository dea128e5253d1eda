"""Owns the agent and the turn: start, prompt, interrupt, stop; one result for each turn."""

import asyncio
import functools
import importlib.metadata
import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ngb_runner import PROTOCOL, __version__
from ngb_runner.agent import Agent, AgentUnavailableError, Reporter, Result, SessionUnknownError
from ngb_runner.limits import Limits
from ngb_runner.link.frames import BadLine, Frame, cut
from ngb_runner.link.link import Link
from ngb_runner.proxies.egress import Egress
from ngb_runner.proxies.model_calls import Proxy
from ngb_runner.spec import BadStartError, Spec, parse_start
from ngb_runner.tools import ToolCalls

CONTROL = frozenset({"start", "prompt", "interrupt"})
HTTP = frozenset({"http_response", "http_chunk", "http_end"})
TUNNEL = frozenset({"tunnel_opened", "tunnel_data", "tunnel_credit", "tunnel_close"})
MAX_WAITING = 256

MakeAgent = Callable[[Spec, Reporter, ToolCalls, str], Agent]


class Session:
    """Answers the host's frames. Data frames are passed on as they arrive, control frames in order."""

    def __init__(self, link: Link, proxy: Proxy, egress: Egress, make_agent: MakeAgent) -> None:
        self._link = link
        self._proxy = proxy
        self._egress = egress
        self._make_agent = make_agent
        self._tools = ToolCalls(link)
        self._limits = Limits()
        self._waiting: asyncio.Queue[Frame] = asyncio.Queue(MAX_WAITING)
        self._agent: Agent | None = None
        self._spec: Spec | None = None
        self._armed = False  # a start was answered and its turn has not ended
        self._in_turn = False
        self._untouched = False  # connected, and not prompted yet
        self.stopped = asyncio.Event()

    def receive(self, frame: Frame | BadLine) -> None:
        """One frame from the host; never blocks, never raises."""
        if isinstance(frame, BadLine):
            self._link.send("error", code=frame.code, message=frame.message)
            return
        try:
            self._route(frame)
        except (KeyError, TypeError, ValueError) as error:
            self._link.send("error", code="bad_frame", message=f"{frame['type']}: {error!r}"[:500])

    def _route(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind in HTTP:
            self._proxy.receive(frame)
        elif kind in TUNNEL:
            self._egress.receive(frame)
        elif kind == "tool_result":
            self._tools.receive(frame)
        elif kind == "permission_result":
            self._tools.permissions.receive(frame)
        elif kind == "stop":
            self.stopped.set()
        elif kind not in CONTROL:
            self._link.send("error", code="unknown_type", message=f"frames of type {kind[:100]!r} are not known here")
        elif self._waiting.full():
            self._link.send("error", code="internal", message=f"over {MAX_WAITING} frames wait; a {kind} was dropped")
        else:
            self._waiting.put_nowait(frame)

    async def run(self) -> None:
        """Work through control frames until cancelled."""
        while True:
            frame = await self._waiting.get()
            try:
                await self._obey(frame)
            except Exception as error:  # the runner must survive whatever an agent raises
                self._link.send("error", code="internal", message=cut(f"{frame['type']}: {error!r}", 2000))
                if self._in_turn:
                    self._finish(Result(is_error=True, error=f"the runner failed: {error}"))

    async def close(self) -> None:
        """Disconnect the agent."""
        agent, self._agent = self._agent, None
        if agent is not None:
            await agent.close()

    async def _obey(self, frame: Frame) -> None:
        if frame["type"] == "start":
            await self._start(frame)
        elif frame["type"] == "prompt":
            images = [str(path) for path in frame.get("images") or []]
            await self._prompt(str(frame["id"]), str(frame["text"]), images)
        elif self._in_turn and self._agent is not None:
            await self._agent.interrupt()

    async def _start(self, frame: Frame) -> None:
        if frame.get("protocol") != PROTOCOL:
            self._link.send("error", code="protocol_mismatch", message=_mismatch(frame.get("protocol")))
        elif self._in_turn:
            self._ready(warm=True, busy=True)
        else:
            await self._open(frame)

    async def _open(self, frame: Frame) -> None:
        try:
            spec = parse_start(frame)
            self._proxy.attached = True
            warm = self._fits(spec)
            if not warm:
                await self._connect(spec)
        except BadStartError as error:
            self._link.send("error", code="bad_frame", message=f"start: {error}")
        except SessionUnknownError as error:
            self._link.send("error", code="session_unknown", message=str(error))
        except AgentUnavailableError as error:
            self._link.send("error", code="agent_unavailable", message=cut(str(error), 4000))
        else:
            self._armed = True
            self._ready(warm=warm, busy=False)

    def _fits(self, spec: Spec) -> bool:
        if self._agent is None or self._spec is None or not self._agent.alive:
            return False
        # The agent knows its session by now, also when it was started without one.
        # Before its first turn nobody else does.
        return spec == replace(self._spec, session_id=self._agent.session_id) or (
            self._untouched and spec == self._spec
        )

    async def _connect(self, spec: Spec) -> None:
        await self.close()
        self._spec = None
        reporter = Reporter(self._link, self._finish)
        agent = self._make_agent(spec, reporter, self._tools, self._proxy.url)
        try:
            await agent.open()
        except BaseException:
            await agent.close()
            raise
        self._agent, self._spec = agent, spec
        self._untouched = True
        self._tools.seconds = spec.answer_seconds

    def _ready(self, *, warm: bool, busy: bool) -> None:
        session_id = self._agent.session_id if self._agent else None
        self._link.send("ready", protocol=PROTOCOL, versions=versions(), warm=warm, busy=busy, session_id=session_id)

    async def _prompt(self, prompt_id: str, text: str, images: list[str]) -> None:
        if self._agent is None or not self._armed:
            # The host may push a prompt while the result is on its way: it is not accepted, so the host keeps it.
            self._link.log("info", f"prompt {prompt_id} came outside a turn and was not taken")
            return
        self._untouched = False
        self._in_turn = self._proxy.opened = self._egress.opened = True
        await self._agent.prompt(prompt_id, text, images)

    def _finish(self, result: Result) -> None:
        """End the turn, by the agent or for it; a second call for the same turn changes nothing."""
        if not self._in_turn:
            return
        self._armed = self._in_turn = False
        self._proxy.shut()
        self._egress.shut()
        session_id = self._agent.session_id if self._agent else None
        self._link.send(
            "result",
            text=cut(result.text),
            session_id=session_id,
            usage=result.usage,
            cost_usd=result.cost_usd,
            is_error=result.is_error,
            error=cut(result.error, 4000) if result.error else None,
            interrupted=result.interrupted,
            exhausted=self._limits.hit(),
        )


def _mismatch(theirs: object) -> str:
    return (
        f"this runner ({__version__}) speaks protocol {PROTOCOL}, the host speaks {theirs}: "
        "rebuild the agent image with container/build.sh"
    )


@functools.cache
def versions() -> dict[str, str | None]:
    """What is installed here; None for what is not."""
    try:
        sdk = importlib.metadata.distribution("claude-agent-sdk")
    except importlib.metadata.PackageNotFoundError:
        return {"runner": __version__, "sdk": None, "cli": None, "python": platform.python_version()}
    # The SDK's wheel writes the version of the command line it carries beside it.
    stamp = Path(str(sdk.locate_file("claude_agent_sdk/_bundled/claude.version")))
    cli = stamp.read_text().split()[0] if stamp.is_file() else None
    return {"runner": __version__, "sdk": sdk.version, "cli": cli, "python": platform.python_version()}
