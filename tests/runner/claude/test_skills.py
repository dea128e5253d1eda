"""Which of the skill folders that the host names the SDK is shown."""

from pathlib import Path

import pytest
from ngb_runner.claude.skills import skill_options

from tests.environment import ROOT


def folder(root: Path, name: str, head: str = "") -> str:
    (root / name).mkdir()
    (root / name / "SKILL.md").write_text(f"---\nname: {name}\n{head}---\nDo it.\n")
    return str(root / name)


@pytest.mark.parametrize(("program", "is_offered"), [("sh", True), ("no-such-program", False)])
def test_a_skill_is_offered_where_the_program_that_it_needs_is(tmp_path: Path, program: str, is_offered: bool) -> None:
    folders = [folder(tmp_path, "plain"), folder(tmp_path, "picky", f"needs: {program}\n")]
    assert ("ngb:picky" in skill_options(folders)["skills"]) is is_offered
    assert "ngb:plain" in skill_options(folders)["skills"]


def test_one_that_is_gone_is_left_out(tmp_path: Path) -> None:
    assert skill_options([str(tmp_path / "gone")]) == {"skills": []}


def test_the_shipped_browse_needs_its_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = str(ROOT / "container" / "skills" / "browse")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert skill_options([shipped]) == {"skills": []}
    (tmp_path / "browse").touch(mode=0o755)
    assert skill_options([shipped])["skills"] == ["ngb:browse"]
