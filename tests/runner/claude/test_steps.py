"""The SDK's messages as steps of the run's history."""

from typing import Any

import pytest
from ngb_runner.agent import Reporter
from ngb_runner.claude.steps import report_steps, tool_line
from ngb_runner.link.frames import Frame

from tests.runner.support import sent

sdk = pytest.importorskip("claude_agent_sdk", reason="skipped because the Claude Agent SDK is missing")


def steps(message: Any) -> list[tuple[str, str]]:
    frames: list[Frame] = sent(lambda link: report_steps(message, Reporter(link, lambda _result: None)))
    return [(frame["kind"], frame["summary"]) for frame in frames]


def said(*blocks: Any, **more: Any) -> Any:
    return sdk.AssistantMessage(content=list(blocks), model="m", **more)


@pytest.mark.parametrize(
    ("name", "given", "line"),
    [
        ("Bash", {"description": "list", "command": "ls"}, "Bash: ls"),
        ("Grep", {"pattern": "tea", "path": "/x"}, "Grep: /x"),
        ("mcp__ngb__send_message", {"chat": "x:1", "text": "hi"}, "send_message: hi"),
        ("mcp__git__merge", {"branch": "main"}, "mcp__git__merge"),
        ("Read", {}, "Read"),
    ],
)
def test_a_tool_stands_with_what_tells_most_of_its_input(name: str, given: dict[str, Any], line: str) -> None:
    assert tool_line(name, given) == line


def test_words_thoughts_and_tools_are_a_step_each_and_blank_ones_none() -> None:
    use = sdk.ToolUseBlock(id="1", name="Bash", input={"command": "ls"})
    thought = sdk.ThinkingBlock(thinking="hm", signature="")
    assert steps(said(sdk.TextBlock(text="Let me see."), sdk.TextBlock(text=" "), thought, use)) == [
        ("text", "Let me see."),
        ("thinking", "hm"),
        ("tool", "Bash: ls"),
    ]


def test_what_a_sub_agent_does_is_told_from_what_the_agent_does() -> None:
    use = sdk.ToolUseBlock(id="1", name="Bash", input={"command": "ls"})
    errand = sdk.ToolUseBlock(id="2", name="Agent", input={"description": "look"})
    assert steps(said(use, parent_tool_use_id="2")) == [("subagent", "Bash: ls")]
    assert steps(said(use, errand)) == [("tool", "Bash: ls"), ("subagent", "Agent: look")]


def test_a_result_tells_whether_the_tool_failed() -> None:
    results = [
        sdk.ToolResultBlock(tool_use_id="1", content="fine"),
        sdk.ToolResultBlock(
            tool_use_id="2", content=[{"type": "text", "text": "no"}, {"type": "image"}], is_error=True
        ),
    ]
    assert steps(sdk.UserMessage(content=results)) == [("tool_result", "fine"), ("tool_error", "no [image]")]
    assert steps(sdk.UserMessage(content="hello")) == []
