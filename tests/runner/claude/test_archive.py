"""The archive that is made of a conversation before the SDK compacts it."""

import time
from pathlib import Path

import pytest
from ngb_runner.claude.archive import archive, slug

from tests.fakes.messages_api import MessagesApi, Text, ToolUse
from tests.runner.claude.support import ANN, person
from tests.runner.host import Frame, Host
from tests.waiting import leave_midnight_behind

FULL = Text("Noted.", input_tokens=990_000)  # as much as the model can hold: the next prompt compacts


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
