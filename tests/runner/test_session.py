"""The host starts, prompts and stops an agent; what comes at the wrong moment is said and harms nothing."""

import json
from pathlib import Path

from tests.runner.host import Host
from tests.runner.support import SLEEP, OpenHost


def test_one_that_was_started_and_not_prompted_yet_is_warm(runner: OpenHost) -> None:
    host = runner()
    assert host.start("demo")["warm"] is False
    assert host.start("demo")["warm"] is True
    host.turn("hello")
    assert host.start("demo")["warm"] is False  # whoever knows no session begins another one


def test_a_start_during_a_turn_is_answered_busy_and_changes_nothing(demo: Host) -> None:
    demo.send_together(SLEEP, demo.start_frame("demo"))
    assert demo.wait("ready", "error")["busy"] is True
    assert demo.rest().text == "I slept for 1 s."


def test_a_prompt_after_the_result_is_not_taken(demo: Host) -> None:
    demo.turn("hi")
    demo.prompt("too late", "late")
    assert "late" in demo.wait("log", "accepted")["message"]


def test_garbage_is_reported_and_the_turn_goes_on(demo: Host) -> None:
    demo.send_raw(
        json.dumps(SLEEP).encode() + b"\ngarbage\n" + b"x" * 2_000_000 + b"\n" + '{"type": "dänce"}\n'.encode()
    )
    turn = demo.rest()
    assert [frame["code"] for frame in turn.of("error")] == ["bad_frame", "frame_too_long", "unknown_type"]
    assert turn.text == "I slept for 1 s."
    assert demo.garbage == []


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
