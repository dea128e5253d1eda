"""A conversation's record as text, and the archive that is made of it before the SDK compacts."""

import json
import time
from pathlib import Path

import pytest
from ngb_runner.claude.archive import archive, slug
from ngb_runner.claude.transcript import entries, render, title

from tests.fakes.messages_api import MessagesApi, Text, ToolUse
from tests.runner.host import Frame, Host
from tests.waiting import leave_midnight_behind

ANN = '<messages timezone="UTC" now="2026-05-01 10:00:00"><message id="1" sender="Ann" time="2026-05-01 09:59:00">'
FULL = Text("Noted.", input_tokens=990_000)  # as much as the model can hold: the next prompt compacts


def line(kind: str, content: object, **more: object) -> bytes:
    return json.dumps({"type": kind, "message": {"role": kind, "content": content}, **more}).encode() + b"\n"


def person(text: str, sender: str = "Ann") -> bytes:
    return line("user", f"{ANN.replace('Ann', sender)}{text}</message></messages>")


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


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Who likes tea?", "who-likes-tea"),
        ("../../etc/passwd", "etc-passwd"),
        ("周报 怎么写", "周报-怎么写"),
        ("\x00 / ..", "conversation"),
        ("-rf *", "rf"),
        ("long " * 50, ("long-" * 12).strip("-")),
    ],
)
def test_a_slug_is_a_safe_name(words: str, name: str) -> None:
    assert slug(words) == name


def test_the_title_is_what_a_person_said_first() -> None:
    assert title(
        entries([line("assistant", [{"type": "tool_use", "name": "X"}]), person("plan the trip")], "Andy")
    ) == ("plan the trip")


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "record.jsonl"
    path.write_bytes(person("plan the trip"))
    return path


def test_an_archive_never_overwrites(record: Path, tmp_path: Path) -> None:
    leave_midnight_behind(5)  # a name begins with the day
    first, second = (archive(record, str(tmp_path), "Andy") for _ in range(2))
    assert first.startswith("conversations/")
    assert first.endswith("-plan-the-trip.md")
    assert second == first.replace(".md", "-2.md")
    assert "**Ann**" in (tmp_path / first).read_text()


def test_an_archive_is_not_written_through_a_link(record: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "conversations").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        archive(record, str(tmp_path), "Andy")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_nothing_said_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "record.jsonl").write_bytes(b"")
    assert archive(tmp_path / "record.jsonl", str(tmp_path), "Andy") == ""
    assert not (tmp_path / "conversations").exists()


def compact(host: Host, api: MessagesApi, cwd: Path) -> list[Frame]:
    """Two turns, the second of which begins with a compaction; its frames."""
    api.script(FULL)
    session = host.start(cwd=str(cwd))["session_id"]
    host.turn(f"{ANN}plan the trip</message></messages>")
    host.start(cwd=str(cwd), session_id=session)
    return host.turn(f"{ANN}and the way home</message></messages>").frames


def test_the_real_command_line_archives_before_it_compacts(claude: Host, api: MessagesApi, tmp_path: Path) -> None:
    frames = compact(claude, api, tmp_path)
    [kept] = (tmp_path / "conversations").iterdir()
    text = kept.read_text()
    assert kept.name.endswith("-plan-the-trip.md")
    assert "**Ann** (2026-05-01 09:59:00):\nplan the trip" in text
    assert "**Andy**:\nNoted." in text
    assert [step["summary"] for step in frames if step.get("kind") == "archive"] == [
        f"Archived to conversations/{kept.name}"
    ]
    assert "This session is being continued" in str(api.turns[-1].body["messages"])  # it did compact


def test_an_archive_that_fails_is_a_log_line_and_the_turn_goes_on(
    claude: Host, api: MessagesApi, tmp_path: Path
) -> None:
    (tmp_path / "conversations").write_text("no folder")
    frames = compact(claude, api, tmp_path)
    assert frames[-1]["is_error"] is False
    assert any("could not be archived" in frame.get("message", "") for frame in frames if frame["type"] == "log")


def test_what_was_pushed_into_a_live_turn_is_archived_too(claude: Host, api: MessagesApi, tmp_path: Path) -> None:
    api.script(ToolUse("mcp__ngb__send_message", {"text": "x"}), FULL)
    session = claude.start(cwd=str(tmp_path))["session_id"]
    claude.answer_tools = False
    claude.prompt(f"{ANN}plan the trip</message></messages>", "one")
    call = claude.wait("tool_call")
    claude.prompt(f"{ANN}by train</message></messages>", "two")
    time.sleep(1)  # the command line reads it and queues it, and says nothing
    claude.send("tool_result", id=call["id"], content="sent", is_error=False)
    claude.rest()
    claude.start(cwd=str(tmp_path), session_id=session)
    claude.turn(f"{ANN}and home</message></messages>")
    [kept] = (tmp_path / "conversations").iterdir()
    assert "by train" in kept.read_text()
    assert "> send_message: x" in kept.read_text()
