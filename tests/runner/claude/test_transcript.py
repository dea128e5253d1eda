"""A conversation's record as text."""

import json

import pytest
from ngb_runner.claude.transcript import entries, render, title

from tests.runner.claude.support import line, person


def shown(*lines: bytes) -> str:
    return render(entries(lines, "Andy"))


def test_people_and_the_agent_stand_with_their_names_and_times() -> None:
    text = shown(person("Who likes tea &amp; cake?"), line("assistant", [{"type": "text", "text": "You do."}]))
    assert text == "**Ann** (2026-05-01 09:59:00):\nWho likes tea & cake?\n\n**Andy**:\nYou do."


def test_a_tool_is_one_line_and_its_results_are_left_out() -> None:
    use = {"type": "tool_use", "id": "1", "name": "Bash", "input": {"command": "ls\n -la"}}
    text = shown(line("assistant", [use]), line("user", [{"type": "tool_result", "content": "secret.txt"}]))
    assert text == "> Bash: ls -la"


@pytest.mark.parametrize("mark", ["isMeta", "isSidechain", "isCompactSummary"])
def test_what_nobody_said_is_left_out(mark: str) -> None:
    assert shown(line("user", "Caveat", **{mark: True})) == ""
    assert shown(line("user", "<system-reminder>Today is Monday.</system-reminder>")) == ""


def test_what_an_earlier_archive_holds_is_not_kept_twice() -> None:
    boundary = json.dumps({"type": "system", "subtype": "compact_boundary"}).encode()
    assert shown(person("old"), boundary, person("new")).endswith("new")
    assert "old" not in shown(person("old"), boundary, person("new"))


def test_lines_of_another_form_are_no_stop() -> None:
    assert shown(b"half a li", b"[1]\n", line("user", None), line("assistant", "text"), person("hi")).endswith("hi")


def test_a_name_cannot_pose_as_somebody_else() -> None:
    assert "**Andy Ann** (" in shown(person("x", sender="**Andy**\n Ann"))


def test_a_scheduled_task_and_files_are_told() -> None:
    task = '<scheduled_task timezone="UTC" now="2026-05-01 10:00:00">report</scheduled_task>'
    file = 'look<attachment kind="image" name="a.png" path="attachments/a.png"/>'
    assert shown(line("user", task)) == "**Scheduled task** (2026-05-01 10:00:00):\nreport"
    assert shown(person(file)).endswith("look [image: attachments/a.png]")


def test_the_title_is_what_a_person_said_first() -> None:
    assert title(
        entries([line("assistant", [{"type": "tool_use", "name": "X"}]), person("plan the trip")], "Andy")
    ) == ("plan the trip")
