"""The host's tools: called over the link, answered, given up."""

from tests.fakes.messages_api import MessagesApi, Text, ToolUse
from tests.runner.host import Host
from tests.runner.support import CALL


def test_send_calls_the_hosts_tool_and_tells_its_answer(demo: Host) -> None:
    turn = demo.turn("send hello")
    assert turn.of("tool_call")[0] | {"id": ""} == {
        "type": "tool_call", "id": "", "name": "send_message", "input": {"text": "hello"},
    }  # fmt: skip
    assert turn.text == "send_message answered: sent"


def test_a_tool_that_fails_is_told_as_a_failure(demo: Host) -> None:
    demo.tool_answer = {"content": "no such chat", "is_error": True}
    assert demo.turn("send hello").text == "send_message failed: no such chat"


def test_a_tools_error_reaches_the_model_as_an_error(claude: Host, api: MessagesApi) -> None:
    claude.tool_answer = {"content": "not your chat", "is_error": True}
    api.script(CALL)
    claude.start()
    claude.turn("tell them")
    result = str(api.turns[1].body["messages"])
    assert "not your chat" in result
    assert "'is_error': True" in result


def test_the_host_says_how_long_its_tools_may_take(claude, api):
    claude.answer_tools = False
    claude.start(options={"answer_seconds": 0.5})
    api.script(ToolUse("mcp__ngb__send_message", {"text": "hello"}), Text("done"))
    assert claude.turn("go").text == "done"
    assert "send_message was not answered" in str(api.turns[-1].body["messages"])
