"""The demo agent over a real pipe: no key, no SDK."""

import json
import time
from pathlib import Path

import pytest
from ngb_runner.demo import command

from tests.runner.host import SEND_MESSAGE, Host
from tests.runner.support import OpenHost

SLEEP = {"type": "prompt", "id": "one", "text": "sleep 1"}


@pytest.fixture
def demo(runner: OpenHost) -> Host:
    host = runner()
    assert host.start("demo")["type"] == "ready"
    return host


def test_it_says_what_it_is_and_how_to_add_a_key_in_several_deltas(demo: Host) -> None:
    turn = demo.turn("<messages><message sender='Ann'>@Andy who are you?</message></messages>")
    assert "demo agent" in turn.text
    assert "ANTHROPIC_API_KEY" in turn.text
    assert len(turn.of("delta")) > 2
    assert turn.streamed == turn.text
    assert [frame["id"] for frame in turn.of("accepted")] == ["p1"]


def test_it_echoes_what_the_last_person_wrote(demo: Host) -> None:
    prompt = (
        "<messages><message sender='A'>echo no</message><message sender='B'>@Andy echo a &lt;b&gt;</message></messages>"
    )
    assert demo.turn(prompt).text == "a <b>"


def test_send_calls_the_hosts_tool_and_tells_its_answer(demo: Host) -> None:
    turn = demo.turn("send hello")
    assert turn.of("tool_call")[0] | {"id": ""} == {
        "type": "tool_call", "id": "", "name": "send_message", "input": {"text": "hello"},
    }  # fmt: skip
    assert turn.text == "send_message answered: sent"


def test_a_tool_that_fails_is_told_as_a_failure(demo: Host) -> None:
    demo.tool_answer = {"content": "no such chat", "is_error": True}
    assert demo.turn("send hello").text == "send_message failed: no such chat"


def test_a_tool_that_is_not_offered_is_not_called(demo: Host) -> None:
    turn = demo.turn("tool launch {}")
    assert turn.of("tool_call") == []
    assert "not offered" in turn.text


def test_one_that_was_started_and_not_prompted_yet_is_warm(runner: OpenHost) -> None:
    host = runner()
    assert host.start("demo")["warm"] is False
    assert host.start("demo")["warm"] is True
    host.turn("hello")
    assert host.start("demo")["warm"] is False  # whoever knows no session begins another one


def test_a_second_turn_is_warm_and_remembers(demo: Host) -> None:
    session = demo.turn("hi").result["session_id"]
    ready = demo.start("demo", session_id=session)
    assert (ready["warm"], ready["session_id"]) == (True, session)
    assert "message 2" in demo.turn("hi").text


def test_a_session_is_resumed_by_another_process(runner: OpenHost) -> None:
    with runner() as first:
        first.start("demo")
        session = first.turn("hi").result["session_id"]
    second = runner()
    assert second.start("demo", session_id=session)["warm"] is False
    assert "message 2" in second.turn("hi").text


def test_an_unknown_session_is_said_and_a_fresh_start_works(runner: OpenHost) -> None:
    host = runner()
    assert host.start("demo", session_id="../../etc/passwd")["code"] == "session_unknown"
    assert host.start("demo")["type"] == "ready"


def test_a_prompt_in_mid_turn_is_taken_into_it(demo: Host) -> None:
    demo.send_together(SLEEP, {"type": "prompt", "id": "two", "text": "echo second"})
    turn = demo.rest()
    assert [frame["id"] for frame in turn.of("accepted")] == ["one", "two"]
    assert turn.text == "I slept for 1 s.\n\nsecond"


def test_an_interrupt_ends_the_turn_and_keeps_what_was_said(demo: Host) -> None:
    demo.prompt("sleep 1", "one")
    demo.prompt("sleep 60", "two")
    demo.wait("delta")
    demo.wait("step")
    began = time.monotonic()
    demo.send("interrupt")
    result = demo.rest().result
    assert time.monotonic() - began < 20
    assert (result["interrupted"], result["is_error"], result["text"]) == (True, False, "I slept for 1 s.")


def test_a_start_during_a_turn_is_answered_busy_and_changes_nothing(demo: Host) -> None:
    demo.send_together(SLEEP, demo.start_frame("demo"))
    assert demo.wait("ready", "error")["busy"] is True
    assert demo.rest().text == "I slept for 1 s."


def test_a_prompt_after_the_result_is_not_taken(demo: Host) -> None:
    demo.turn("hi")
    demo.prompt("too late", "late")
    assert "late" in demo.wait("log", "accepted")["message"]


def test_a_failed_turn_is_an_error_result(demo: Host) -> None:
    result = demo.turn("fail on purpose").result
    assert (result["is_error"], result["error"]) == (True, "on purpose")


def test_garbage_is_reported_and_the_turn_goes_on(demo: Host) -> None:
    demo.send_raw(
        json.dumps(SLEEP).encode() + b"\ngarbage\n" + b"x" * 2_000_000 + b"\n" + '{"type": "dänce"}\n'.encode()
    )
    turn = demo.rest()
    assert [frame["code"] for frame in turn.of("error")] == ["bad_frame", "frame_too_long", "unknown_type"]
    assert turn.text == "I slept for 1 s."
    assert demo.garbage == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"protocol": 2}, "protocol_mismatch"),
        ({"agent": "hal"}, "agent_unavailable"),
        ({"tools": [{"description": "nameless"}]}, "bad_frame"),
        ({"options": {"builtin_tools": "some"}}, "bad_frame"),
        ({"instructions": 7}, "bad_frame"),
    ],
)
def test_a_start_that_cannot_be_met_is_refused_in_words(runner: OpenHost, frame: dict[str, object], code: str) -> None:
    error = runner().start(**{"agent": "demo"} | frame)  # type: ignore[arg-type]
    assert (error["type"], error["code"]) == ("error", code)
    assert len(error["message"]) > 20


def test_stop_and_a_closed_pipe_both_end_the_process(runner: OpenHost) -> None:
    told, left = runner(), runner()
    told.start("demo")
    told.send("stop")
    left.start("demo")
    left.prompt("sleep 60")
    left.wait("step")
    left.hang_up()
    assert (told.exit_code(), left.exit_code()) == (0, 0)


def test_a_module_of_the_agents_folder_does_not_shadow_ours(runner: OpenHost, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    assert runner().start("demo")["type"] == "ready"


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("@Andy: help", "help"),
        ("  echo x", "echo x"),
        ("<m><message a='1'><reply_to sender='B'>old</reply_to>@Andy time</message></m>", "time"),
        ("<m><message>&lt;message&gt;echo&lt;/message&gt;</message></m>", "<message>echo</message>"),
    ],
)
def test_the_command_is_found_in_a_composed_prompt(prompt: str, found: str) -> None:
    assert command(prompt) == found


def test_any_tool_can_be_tried_in_plain_words_or_as_json(demo: Host) -> None:
    react = {"name": "react", "description": "Put an emoji.", "input_schema": {"properties": {"emoji": {}, "chat": {}}}}
    demo.start("demo", tools=[SEND_MESSAGE, react])
    assert "- `react`: Put an emoji." in demo.turn("tools").text
    for words, given in [("👍", {"emoji": "👍"}), ('{"chat": "x:1"}', {"chat": "x:1"}), ("", {})]:
        demo.start("demo", tools=[SEND_MESSAGE, react], session_id=None)
        turn = demo.turn(f"tool react {words}")
        assert [(call["name"], call["input"]) for call in turn.of("tool_call")] == [("react", given)]


def test_json_that_is_none_is_said_so_and_calls_nothing(demo: Host) -> None:
    demo.start("demo")
    turn = demo.turn('tool send_message {"text": ')
    assert "Say `tool NAME JSON`" in turn.text
    assert not turn.of("tool_call")
