"""The real SDK and its real command line, in a process of their own, against a stub of the model."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.fakes.messages_api import BrokenStream, Failure, Hang, MessagesApi, Recorded, Text, ToolUse
from tests.runner.host import Host, Turn
from tests.runner.support import CALL, OpenHost
from tests.waiting import until

ENDLESS = Text("one two three four five six", pieces=6, delay=2.0)


def accepted(turn: Turn) -> list[str]:
    return [frame["id"] for frame in turn.of("accepted")]


def command_line_of(host: Host) -> int:
    found = subprocess.run(["pgrep", "--parent", str(host.pid)], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


def test_an_answer_streams_and_ends_in_one_result(claude: Host, api: MessagesApi) -> None:
    ready = claude.start(instructions="You are Andy.")
    turn = claude.turn("hello there")
    assert turn.text == turn.streamed == "You said: hello there"
    assert len(turn.of("delta")) == 3
    assert accepted(turn) == ["p1"]
    assert turn.result["session_id"] == ready["session_id"]
    assert turn.result["usage"]["output_tokens"] == 5
    assert turn.result["cost_usd"] > 0
    assert "You are Andy." in str(api.turns[0].body["system"])


def test_a_tool_call_goes_to_the_host_and_its_answer_to_the_model(claude: Host, api: MessagesApi) -> None:
    api.script(CALL)
    claude.start()
    turn = claude.turn("tell them")
    assert [(call["name"], call["input"]) for call in turn.of("tool_call")] == [("send_message", {"text": "on it"})]
    assert turn.text == "You said: sent"
    assert turn.streamed == "Let me tell them.\n\nYou said: sent"
    assert ("tool", "send_message: on it") in [(step["kind"], step["summary"]) for step in turn.of("step")]


def test_words_before_a_last_tool_call_are_the_answer_when_none_follow(claude: Host, api: MessagesApi) -> None:
    api.script(CALL, *[Text("", pieces=1)] * 4)
    claude.start()
    assert claude.turn("tell them").text == "Let me tell them."


def test_a_second_turn_is_warm_and_in_the_same_conversation(claude: Host, api: MessagesApi) -> None:
    claude.start()
    first = claude.turn("my name is Ann")
    ready = claude.start(session_id=first.result["session_id"])
    second = claude.turn("who am I?")
    assert ready["warm"] is True
    assert "my name is Ann" in str(api.turns[1].body["messages"])
    assert second.result["cost_usd"] == pytest.approx(first.result["cost_usd"])


def test_a_prompt_during_a_tool_call_joins_the_live_turn(claude: Host, api: MessagesApi) -> None:
    api.script(ToolUse("mcp__ngb__send_message", {"text": "x"}))
    claude.start()
    claude.answer_tools = False
    claude.prompt("first", "one")
    call = claude.until("tool_call")
    claude.prompt("second thought", "two")
    time.sleep(1)  # the command line reads it and queues it, and says nothing
    claude.send("tool_result", id=call[-1]["id"], content="sent", is_error=False)
    turn = claude.rest()
    assert accepted(Turn(call + turn.frames)) == ["one", "two"]
    assert "second thought" in str(api.turns[1].body["messages"][-2:])
    assert len(api.turns) == 2


def test_a_prompt_during_the_answer_is_answered_in_the_same_turn(claude: Host, api: MessagesApi) -> None:
    pushed = threading.Event()
    api.script(Text("one two three four five six", pieces=6, held=pushed))
    claude.start()
    claude.prompt("first", "one")
    head = claude.until("delta")
    claude.prompt("second", "two")
    claude.prompt("third", "three")
    time.sleep(1)  # the command line reads them and queues them, and says nothing
    pushed.set()
    turn = Turn(head + claude.rest().frames)
    assert accepted(turn) == ["one", "two", "three"]
    assert turn.text == "one two three four five six\n\nYou said: second\nthird"
    assert turn.result["usage"]["output_tokens"] == 10
    assert claude.frames.empty()


def test_an_interrupt_keeps_what_was_said_and_leaves_later_prompts_to_the_host(claude: Host, api: MessagesApi) -> None:
    api.script(ENDLESS)
    session = claude.start()["session_id"]
    claude.prompt("first", "one")
    head = claude.until("delta")
    claude.prompt("second", "two")
    time.sleep(0.3)
    claude.send("interrupt")
    turn = Turn(head + claude.rest().frames)
    assert (turn.result["interrupted"], turn.result["is_error"]) == (True, False)
    assert turn.text
    assert ENDLESS.text.startswith(turn.text)
    assert accepted(turn) == ["one"]
    assert claude.start(session_id=session)["warm"] is True
    assert claude.turn("again").text == "You said: again"
    assert "second" not in str(api.turns[-1].body["messages"])


def test_an_interrupt_at_any_moment_ends_the_turn_and_the_next_one_works(claude: Host, api: MessagesApi) -> None:
    api.answer = lambda request: Hang() if request.last_text.startswith("never") else None
    session = claude.start()["session_id"]
    for moment in range(8):
        claude.prompt(f"never {moment}")
        time.sleep(moment * 0.005)  # the command line takes a prompt in some 15 ms
        claude.send("interrupt")
        assert claude.rest().result["interrupted"] is True
        assert claude.start(session_id=session)["warm"] is True
        assert claude.turn(f"again {moment}").text == f"You said: again {moment}"
        claude.start(session_id=session)


def test_a_model_that_hangs_can_be_interrupted_and_its_call_is_cancelled(claude: Host, api: MessagesApi) -> None:
    api.script(Hang())
    claude.start()
    claude.prompt("hello")
    api.wait_for_turns(1)
    claude.send("interrupt")
    assert claude.rest().result["interrupted"] is True
    assert claude.cancelled.get(timeout=30)


@pytest.mark.parametrize("status", [400, 401, 429, 500, 529])
def test_an_error_of_the_model_is_an_error_result_within_seconds(claude: Host, api: MessagesApi, status: int) -> None:
    api.answer = lambda _request: Failure(status, "the model's own words")
    claude.start()
    began = time.monotonic()
    turn = claude.turn("hello")
    assert time.monotonic() - began < 10
    assert turn.result["is_error"] is True
    assert turn.result["error"] == f"The model refused ({status}): the model's own words."
    assert [step["summary"] for step in turn.of("step") if step["kind"] == "error"] == [turn.result["error"]]
    assert (turn.text, turn.streamed) == ("", "")


def test_a_long_retry_after_does_not_hold_the_turn(claude: Host, api: MessagesApi) -> None:
    api.answer = lambda _request: Failure(429, "slow down", {"retry-after": "120"})
    claude.start()
    began = time.monotonic()
    assert "slow down" in claude.turn("hello").result["error"]
    assert time.monotonic() - began < 10


def test_after_an_error_the_same_agent_answers(claude: Host, api: MessagesApi) -> None:
    api.script(Failure(500), Failure(500))
    claude.start()
    session = claude.turn("hello").result["session_id"]
    assert claude.start(session_id=session)["warm"] is True
    assert claude.turn("hello again").text == "You said: hello again"


@pytest.mark.parametrize("kind", ["overloaded_error", None], ids=["error-event", "cut-off"])
def test_a_stream_that_breaks_is_an_error_result(claude: Host, api: MessagesApi, kind: str | None) -> None:
    api.answer = lambda _request: BrokenStream(kind=kind)
    claude.start()
    turn = claude.turn("hello")
    assert turn.result["is_error"] is True
    assert turn.result["error"]


def test_the_last_prompt_decides_when_an_earlier_one_failed(claude: Host, api: MessagesApi) -> None:
    pushed = threading.Event()

    def answer(request: Recorded) -> Failure | None:
        pushed.wait(60)
        time.sleep(0.4)  # the command line reads what was pushed
        return None if request.last_text == "second" else Failure(400, "no")

    api.answer = answer
    claude.start()
    claude.prompt("first", "one")
    claude.wait("accepted")
    claude.prompt("second", "two")
    pushed.set()
    turn = claude.rest()
    assert (turn.result["is_error"], turn.text) == (False, "You said: second")


def test_a_session_survives_the_process(runner: OpenHost, claude: Host, api: MessagesApi) -> None:
    claude.start()
    session = claude.turn("my name is Ann").result["session_id"]
    claude.send("stop")
    assert claude.exit_code() == 0
    again = runner(upstream=api.url)
    ready = again.start(session_id=session)
    assert (ready["warm"], ready["session_id"]) == (False, session)
    result = again.turn("who am I?").result
    # The command line's total of a resumed session includes what earlier processes spent.
    assert (result["session_id"], result["cost_usd"]) == (session, None)
    assert "my name is Ann" in str(api.turns[1].body["messages"])


def test_what_was_said_is_on_the_disk_before_the_result(claude: Host, home: Path) -> None:
    claude.start()
    command_line = command_line_of(claude)
    claude.turn("remember this")
    os.kill(command_line, signal.SIGKILL)
    [transcript] = home.glob("projects/*/*.jsonl")
    assert "You said: remember this" in transcript.read_text()


@pytest.mark.parametrize("session", ["0f0f0f0f-1111-4111-8111-222222222222", "my last chat"])
def test_an_unknown_session_is_said_and_a_fresh_start_works(claude: Host, session: str) -> None:
    assert claude.start(session_id=session)["code"] == "session_unknown"
    assert claude.start()["type"] == "ready"
    assert claude.turn("hello").text == "You said: hello"


def test_a_command_line_killed_in_mid_turn_is_an_error_and_the_next_start_resumes(
    claude: Host, api: MessagesApi
) -> None:
    claude.start()
    session = claude.turn("my name is Ann").result["session_id"]
    claude.start(session_id=session)
    api.script(ENDLESS)
    claude.prompt("hello")
    claude.wait("delta")
    os.kill(command_line_of(claude), signal.SIGKILL)
    result = claude.rest().result
    assert result["is_error"] is True
    assert "-9" in result["error"]
    assert claude.start(session_id=session)["warm"] is False
    claude.turn("who am I?")
    assert "my name is Ann" in str(api.turns[-1].body["messages"])


def test_a_command_line_killed_between_turns_is_replaced(claude: Host) -> None:
    claude.start()
    session = claude.turn("hello").result["session_id"]
    command_line = command_line_of(claude)
    os.kill(command_line, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{command_line}").exists())
    time.sleep(0.5)  # the runner has heard of it, and tells its reader
    assert claude.start(session_id=session)["warm"] is False
    assert claude.turn("hello").text == "You said: hello"


def test_a_start_in_a_folder_that_is_not_there_says_so(claude: Host) -> None:
    error = claude.start(cwd="/nowhere")
    assert error["code"] == "agent_unavailable"
    assert "/nowhere" in error["message"]


def test_a_huge_answer_is_cut_and_says_so(claude: Host, api: MessagesApi) -> None:
    api.script(Text("ü" * 1_500_000, pieces=2))
    claude.start()
    turn = claude.turn("write a book")
    assert turn.result["is_error"] is False
    assert "[cut here: 3000000 bytes" in turn.text
    assert len(turn.streamed) == 1_500_000


def test_a_large_prompt_arrives_whole(claude: Host, api: MessagesApi) -> None:
    claude.start()
    claude.turn("x" * 700_000)
    assert api.turns[0].last_text == "x" * 700_000


def test_nothing_else_runs_on_when_the_runner_ends(claude: Host, api: MessagesApi) -> None:
    api.script(Hang())
    claude.start()
    child = command_line_of(claude)
    claude.prompt("hello")
    api.wait_for_turns(1)
    claude.hang_up()
    assert claude.exit_code() == 0
    assert not Path(f"/proc/{child}").exists()
