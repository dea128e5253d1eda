"""An interrupt that comes together with its prompt, before the agent has begun."""

from tests.runner.support import OpenHost


def test_the_turn_ends_with_a_result_and_the_next_one_is_served(runner: OpenHost) -> None:
    host = runner()
    assert host.start("demo")["type"] == "ready"

    host.send_together({"type": "prompt", "id": "one", "text": "sleep 60"}, {"type": "interrupt"})
    result = host.wait("result", seconds=30)
    assert (result["interrupted"], result["is_error"], result["text"]) == (True, False, "")

    ready = host.start("demo", session_id=result["session_id"])
    assert (ready["type"], ready["warm"]) == ("ready", True)
    assert host.turn("echo hello").text == "hello"
