"""What `start` may ask for."""

from typing import Any

import pytest
from ngb_runner.spec import BadStartError, Server, Tool, parse_start

from tests.runner.support import OpenHost


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


def test_what_is_left_out_has_its_usual_value() -> None:
    spec = parse_start({"type": "start"})
    assert (spec.agent, spec.session_id, spec.tools, spec.builtin_tools) == ("claude", None, (), "none")
    assert (spec.assistant_name, spec.answer_seconds, spec.servers) == ("Andy", 300.0, ())


def test_two_starts_are_equal_where_they_ask_for_the_same() -> None:
    frame: dict[str, Any] = {
        "type": "start",
        "tools": [{"name": "fly", "description": "Flies."}],
        "options": {"mcp_servers": [{"name": "office"}, {"name": "local", "command": ["python3", "x.py"]}]},
    }
    spec = parse_start(frame)
    assert spec.tools == (Tool("fly", "Flies.", {"type": "object", "properties": {}}),)
    assert spec.servers == (Server("office", ()), Server("local", ("python3", "x.py")))
    assert parse_start(frame) == spec
    assert parse_start(frame | {"options": frame["options"] | {"revision": "2"}}) != spec


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"skills": "all"}, "skills must be list, not str"),
        ({"add_dirs": [1]}, "add_dirs must be a list of strings"),
        ({"answer_seconds": "5"}, "answer_seconds must be int or float, not str"),
        ({"mcp_servers": [{"command": ["x"]}]}, "each MCP server is an object with a name"),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused_by_its_name(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadStartError, match=sentence):
        parse_start({"type": "start", "options": options})
