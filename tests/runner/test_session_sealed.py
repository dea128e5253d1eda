"""The same agent inside a container without network, root, capabilities or a writable root filesystem."""

import threading
import time
from pathlib import Path

import pytest

from tests.fakes.messages_api import MessagesApi, Text, ToolUse
from tests.runner.host import Host, Turn
from tests.runner.support import shell

pytestmark = pytest.mark.docker
GROUP = {"cwd": "/workspace/group", "builtin_tools": "all"}


def test_the_whole_journey_through_a_sealed_container(sealed: Host, api: MessagesApi) -> None:
    session = sealed.start(**GROUP)["session_id"]
    assert sealed.turn("hello").text == "You said: hello"
    assert sealed.start(**GROUP, session_id=session)["warm"] is True
    pushed = threading.Event()
    api.script(ToolUse("mcp__ngb__send_message", {"text": "hi"}), Text("one two three", held=pushed))
    sealed.prompt("tell them", "one")
    head = sealed.until("delta")
    sealed.prompt("and then", "two")
    time.sleep(0.5)  # the command line reads it and queues it, and says nothing
    pushed.set()
    turn = Turn(head + sealed.rest().frames)
    assert [call["input"] for call in turn.of("tool_call")] == [{"text": "hi"}]
    assert [frame["id"] for frame in turn.of("accepted")] == ["one", "two"]
    assert turn.text == "one two three\n\nYou said: and then"
    assert api.turns[0].headers["x-api-key"] == "placeholder"


def test_an_interrupt_reaches_into_the_container(sealed: Host, api: MessagesApi) -> None:
    api.script(ToolUse("Bash", {"command": "sleep 60"}))
    sealed.start(**GROUP)
    sealed.prompt("wait")
    sealed.wait("step")
    sealed.send("interrupt")
    assert sealed.rest().result["interrupted"] is True


def test_the_agent_may_write_its_folder_and_nothing_else(sealed: Host, api: MessagesApi) -> None:
    out = shell(
        sealed,
        api,
        "touch /workspace/group/mine && echo wrote; touch /etc/x /opt/agent/x /usr/x 2>&1; touch /tmp/ok && echo tmp",
    )
    assert "wrote" in out
    assert "tmp" in out
    assert out.count("Read-only file system") == 3


def test_the_agent_has_no_network_no_root_and_no_capability(sealed: Host, api: MessagesApi) -> None:
    out = shell(sealed, api, "id -u; cat /proc/net/route | wc -l; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status")
    assert out.splitlines()[0] != "0"
    assert out.splitlines()[1] == "1"  # the heading alone: not a single route
    assert out.count("0000000000000000") == 2
    assert "NoNewPrivs:\t1" in out


def test_the_promised_programs_are_there_for_any_uid(sealed: Host, api: MessagesApi) -> None:
    out = shell(
        sealed, api, "for p in git rg curl jq python3; do command -v $p; done; git init -q repo && echo repo; echo ~"
    )
    assert [line for line in out.splitlines() if line] == [
        "/usr/bin/git", "/usr/bin/rg", "/usr/bin/curl", "/usr/bin/jq", "/usr/bin/python3", "repo", "/home/agent",
    ]  # fmt: skip


def test_the_groups_memory_is_read_and_refused_tools_are_not_offered(
    sealed: Host, api: MessagesApi, tmp_path: Path
) -> None:
    (tmp_path / "group" / "CLAUDE.md").write_text("Ann likes tea.")
    sealed.start(**GROUP, options=GROUP | {"disallowed_tools": ["ScheduleWakeup"], "add_dirs": ["/workspace"]})
    sealed.turn("hello")
    assert "Ann likes tea." in str(api.turns[0].body["messages"])
    assert "Bash" in api.turns[0].tools
    assert "ScheduleWakeup" not in api.turns[0].tools


def test_no_key_is_inside(sealed: Host, api: MessagesApi) -> None:
    out = shell(sealed, api, "env; ls -a /home/agent/.claude")
    assert "ANTHROPIC_API_KEY=placeholder" in out
    assert ".credentials.json" not in out
    assert "sk-ant" not in out


def test_stop_ends_the_container_cleanly(sealed: Host) -> None:
    sealed.start("demo", cwd="/workspace/group")
    sealed.send("stop")
    assert sealed.exit_code() == 0
