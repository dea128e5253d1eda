"""Leave for the agent's own tools: asked of the host before each use, and denied unless the host says yes."""

import asyncio
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ngb_runner.link.frames import Frame, FrameTooLongError
from ngb_runner.link.link import Link
from ngb_runner.spec import Spec

OWN = "mcp__ngb__"  # the host's tools: it asks for these itself
SETTINGS = {"skipWebFetchPreflight": True}
"""Before it fetches a page the command line would ask its maker about the name, whom the container cannot reach."""
MARGIN_SECONDS = 60.0
"""By which the command line waits longer than we do: our own no must come first."""


@dataclass(frozen=True)
class Verdict:
    """What the host said; the message is for the agent."""

    allow: bool
    message: str = ""


class Permissions:
    """Requests in flight over the link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._ids = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Verdict]] = {}

    async def ask(self, tool: str, given: Any, seconds: float) -> Verdict:
        """Never raises: what cannot be asked, or is not answered in time, is denied."""
        request_id = f"p{next(self._ids)}"
        answer = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        try:
            self._link.send("permission", id=request_id, tool=tool, input=given)
            return await asyncio.wait_for(answer, seconds)
        except FrameTooLongError as error:
            return Verdict(allow=False, message=f"The input of {tool} is too long to be asked about: {error}")
        except TimeoutError:
            return Verdict(allow=False, message=f"Nobody said within {seconds:.0f} s that {tool} may be used.")
        finally:
            del self._waiting[request_id]

    def receive(self, frame: Frame) -> None:
        """A permission_result; only a plain `true` is a yes, and one that nobody waits for is dropped."""
        answer = self._waiting.get(str(frame.get("id")))
        if answer is not None and not answer.done():
            answer.set_result(Verdict(frame.get("allow") is True, str(frame.get("message") or "")))


def is_asked(tool: str, names: Iterable[str]) -> bool:
    """In any case; `mcp__github__*` stands for all tools that begin so."""
    return not tool.startswith(OWN) and any(fnmatchcase(tool.casefold(), name.casefold()) for name in names)


def before_tools(spec: Spec, permissions: Permissions) -> dict[Any, Any]:
    """The SDK's hooks before each use of a tool; none where nothing needs to be asked."""
    if not spec.ask_tools:
        return {}
    # The SDK takes most of a second to import and is absent where only the demo agent runs.
    from claude_agent_sdk import HookMatcher  # noqa: PLC0415

    async def before(about: Any, _tool_use_id: str | None, _context: Any) -> Any:
        tool = str(about.get("tool_name"))
        if not is_asked(tool, spec.ask_tools):
            return {}
        verdict = await permissions.ask(tool, about.get("tool_input"), spec.answer_seconds)
        return _decision(verdict, tool)

    timeout = spec.answer_seconds + MARGIN_SECONDS
    return {"PreToolUse": [HookMatcher(hooks=[before], timeout=timeout, on_failure="block")]}


def settings_read(spec: Spec) -> dict[str, Any]:
    """Where leave must be asked, none of the files that the agent itself can write.

    Their hooks would run commands that nobody approved, or put another input in the place of the approved one.
    """
    if not spec.ask_tools:
        return {"setting_sources": ["user", "project", "local"], "settings": json.dumps(SETTINGS)}
    closed = {"disableAllHooks": True, "disableSkillShellExecution": True}
    return {"setting_sources": [], "settings": json.dumps(SETTINGS | closed)}


def _decision(verdict: Verdict, tool: str) -> dict[str, Any]:
    decision = {"hookEventName": "PreToolUse", "permissionDecision": "allow" if verdict.allow else "deny"}
    if not verdict.allow:
        decision["permissionDecisionReason"] = verdict.message or f"The tool {tool} may not be used."
    return {"hookSpecificOutput": decision}
