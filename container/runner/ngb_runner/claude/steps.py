"""The SDK's messages as steps of the run's history."""

import json
from typing import TYPE_CHECKING, Any

from ngb_runner.agent import Reporter
from ngb_runner.claude.errors import plainly

if TYPE_CHECKING:
    from claude_agent_sdk import AssistantMessage, Message, ToolUseBlock

SUBAGENT_TOOLS = frozenset({"Task", "Agent"})
TELLING = ("command", "file_path", "path", "pattern", "query", "url", "description", "text", "prompt")
"""Inputs of tools that say most in one line, the best first."""


def report_steps(message: "Message", reporter: Reporter) -> None:
    """One step for each block that a person may want to see later."""
    # The SDK takes most of a second to import and is absent where only the demo agent runs.
    from claude_agent_sdk import AssistantMessage, TextBlock, ThinkingBlock, ToolUseBlock, UserMessage  # noqa: PLC0415

    if isinstance(message, UserMessage):
        _report_tool_results(message.content, reporter)
    if not isinstance(message, AssistantMessage):
        return
    for block in message.content:
        if isinstance(block, TextBlock) and block.text.strip():
            _report_text(message, block.text, reporter)
        elif isinstance(block, ThinkingBlock) and block.thinking.strip():
            reporter.step("thinking", block.thinking, block.thinking)
        elif isinstance(block, ToolUseBlock):
            kind = "subagent" if block.name in SUBAGENT_TOOLS or message.parent_tool_use_id else "tool"
            reporter.step(kind, summary_of(block), json.dumps(block.input, ensure_ascii=False, indent=1))


def _report_text(message: "AssistantMessage", text: str, reporter: Reporter) -> None:
    if message.error:
        reporter.step("error", plainly(text), text)
    else:
        reporter.step("subagent" if message.parent_tool_use_id else "text", text, text)


def _report_tool_results(content: Any, reporter: Reporter) -> None:
    from claude_agent_sdk import ToolResultBlock  # noqa: PLC0415 - see report_steps

    for block in content if isinstance(content, list) else []:
        if isinstance(block, ToolResultBlock):
            text = _plain(block.content)
            reporter.step("tool_error" if block.is_error else "tool_result", text, text)


def summary_of(block: "ToolUseBlock") -> str:
    """`Bash: ls -la`."""
    return tool_line(block.name, block.input)


def tool_line(name: str, given: dict[str, Any]) -> str:
    """The tool, and what tells most of its input."""
    name = name.removeprefix("mcp__ngb__")
    telling = next((str(given[key]) for key in TELLING if given.get(key)), "")
    return f"{name}: {telling}" if telling else name


def text_of(message: "AssistantMessage") -> str:
    """The words of an answer, without its thoughts and tool calls."""
    return "".join(getattr(block, "text", "") for block in message.content).strip()


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = [str(part.get("text", f"[{part.get('type')}]")) for part in content or [] if isinstance(part, dict)]
    return "\n".join(parts)
