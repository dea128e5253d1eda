"""The demo agent over a real pipe: no key, no SDK."""

import time

import pytest
from ngb_runner.demo import command

from tests.runner.host import SEND_MESSAGE, Host
from tests.runner.support import SLEEP, OpenHost


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


def test_a_tool_that_is_not_offered_is_not_called(demo: Host) -> None:
    turn = demo.turn("tool launch {}")
    assert turn.of("tool_call") == []
    assert "not offered" in turn.text


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


def test_a_failed_turn_is_an_error_result(demo: Host) -> None:
    result = demo.turn("fail on purpose").result
    assert (result["is_error"], result["error"]) == (True, "on purpose")


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
