"""The host's tools: each call travels as `tool_call` and waits for its `tool_result`."""

import asyncio
import itertools
from dataclasses import dataclass
from typing import Any

from ngb_runner.link.frames import Frame, FrameTooLongError
from ngb_runner.link.link import Link
from ngb_runner.permissions import Permissions
from ngb_runner.spec import Tool

SERVER = "ngb"
ANSWER_SECONDS = 300.0
"""The host bounds its tools itself, and says in `start` how long; this only keeps a turn from hanging for ever."""


@dataclass(frozen=True)
class ToolAnswer:
    """What the host's tool said."""

    content: str
    is_error: bool


class ToolCalls:
    """Calls in flight over the link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._ids = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[ToolAnswer]] = {}
        self.seconds = ANSWER_SECONDS
        self.permissions = Permissions(link)

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolAnswer:
        """Ask the host; a call that cannot be made or is not answered is an error answer, never an exception."""
        call_id = f"t{next(self._ids)}"
        answer = self._waiting[call_id] = asyncio.get_running_loop().create_future()
        try:
            self._link.send("tool_call", id=call_id, name=name, input=arguments)
            return await asyncio.wait_for(answer, self.seconds)
        except FrameTooLongError as error:
            return ToolAnswer(f"the input is too long: {error}", is_error=True)
        except TimeoutError:
            return ToolAnswer(f"{name} was not answered within {self.seconds:.0f} s", is_error=True)
        finally:
            del self._waiting[call_id]

    def receive(self, frame: Frame) -> None:
        """A tool_result; one that nobody waits for any more is dropped."""
        answer = self._waiting.get(str(frame.get("id")))
        if answer is not None and not answer.done():
            answer.set_result(ToolAnswer(str(frame.get("content", "")), bool(frame.get("is_error"))))


def mcp_server(tools: tuple[Tool, ...], calls: ToolCalls) -> Any:
    """The tools as an in-process MCP server for the SDK."""
    # The SDK takes most of a second to import and is absent where only the demo agent runs.
    from claude_agent_sdk import create_sdk_mcp_server, tool  # noqa: PLC0415

    def offer(definition: Tool) -> Any:
        @tool(definition.name, definition.description, definition.input_schema)
        async def ask(arguments: dict[str, Any]) -> dict[str, Any]:
            answer = await calls.call(definition.name, arguments)
            return {"content": [{"type": "text", "text": answer.content}], "is_error": answer.is_error}

        return ask

    server = create_sdk_mcp_server(SERVER, tools=[offer(definition) for definition in tools])
    # Beside the built-in tools the command line would hide these behind its tool search.
    return {**server, "alwaysLoad": True}
