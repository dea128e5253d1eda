"""Which skills a group has, what its agent is shown of them, and what it cannot plant."""

import os
import uuid
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from apps.agents.runs.execution import execute
from apps.agents.sandbox.base import Place
from apps.agents.turns import offered_skills
from apps.chats.models import Group
from apps.chats.workspace import folders, skills
from tests.fakes.messages_api import ToolUse

SHIPPED = sorted(folder.name for folder in skills.SHIPPED.iterdir())
CONTAINER = Place(cwd="/workspace/group", add_dirs=[], builtin_tools="all")
PROCESS = Place(cwd="/somewhere", add_dirs=[], builtin_tools="none")


@pytest.fixture(autouse=True)
def _fresh_folders(settings: Settings) -> None:
    """Folders outlive the rows of a test."""
    own = settings.DATA_DIR / uuid.uuid4().hex
    settings.GROUPS_DIR, settings.SESSIONS_DIR = own / "groups", own / "sessions"


def write(group: Group, name: str, description: str = "Does something.") -> Path:
    folder = folders.workspace(group) / "skills" / name
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\nDo it.\n")
    return folder


def test_a_group_has_the_shipped_skills_and_its_own(group):
    write(group, "tea-making")
    assert skills.chosen(group) == sorted([*SHIPPED, "tea-making"])
    assert "/workspace/group/skills/tea-making" in offered_skills.offered(group, CONTAINER)
    assert "/workspace/skills/weekly-report" in offered_skills.offered(group, CONTAINER)


def test_a_group_may_choose(group):
    write(group, "tea-making")
    group.skills = ["tea-making", "gone"]
    assert skills.chosen(group) == ["tea-making"]
    group.skills = []
    assert skills.chosen(group) == []


def test_a_groups_own_skill_takes_the_place_of_a_shipped_one(group):
    write(group, "weekly-report", "Ours.")
    assert "/workspace/group/skills/weekly-report" in offered_skills.offered(group, CONTAINER)
    assert skills.description(group, "weekly-report") == "Ours."
    assert skills.description(None, "weekly-report").startswith("Write the group's report of a week")


def test_an_agent_that_must_ask_for_its_tools_gets_no_skill_of_its_own_writing(group):
    write(group, "weekly-report", "Mine, with hooks.")
    write(group, "tea-making")
    group.approval_tools = ["Bash"]
    assert offered_skills.offered(group, CONTAINER) == [f"/workspace/skills/{name}" for name in SHIPPED]


def test_without_walls_there_are_none(group):
    assert offered_skills.offered(group, PROCESS) == []


def test_names_that_do_not_exist_are_refused_with_those_there_are(group):
    skills.check(group, None)
    skills.check(group, ["weekly-report"])
    with pytest.raises(ValidationError) as refused:
        skills.check(group, ["weekly-report", "flying"])
    assert refused.value.messages == [f"There is no skill flying; there are: {', '.join(SHIPPED)}."]


def test_links_and_hostile_names_are_no_skills(group, tmp_path):
    write(group, "UPPER")
    (write(group, "half") / "SKILL.md").unlink()
    pipe = write(group, "pipe") / "SKILL.md"
    pipe.unlink()
    os.mkfifo(pipe)
    link = write(group, "link") / "SKILL.md"
    link.unlink()
    link.symlink_to("/etc/passwd")
    (folders.workspace(group) / "skills" / "elsewhere").symlink_to(tmp_path)
    assert skills.own(group) == []
    assert skills.description(group, "link") == ""


def test_a_folder_that_is_a_link_has_no_skills(group, tmp_path):
    (folders.workspace(group) / "skills").symlink_to(skills.SHIPPED)
    assert skills.own(group) == []


def test_the_shipped_skills_are_laid_out_and_brought_up_to_date(group, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    (tmp_path / "skills" / "of-the-house").mkdir(parents=True)
    (tmp_path / "skills" / "of-the-house" / "SKILL.md").write_text("x")
    skills.lay_out()
    laid = tmp_path / "skills" / "weekly-report" / "SKILL.md"
    laid.write_text("an older one")
    skills.lay_out()
    assert laid.read_text() == (skills.SHIPPED / "weekly-report" / "SKILL.md").read_text()
    assert "of-the-house" in skills.chosen(group)


@pytest.mark.docker
def test_the_real_agent_sees_the_chosen_skills_and_follows_one(say, group, sealed):
    write(group, "tea-making", "TEAMAKING is told here.")
    sealed.script(ToolUse("Skill", {"skill": "ngb:tea-making"}))
    run = say("make tea")
    execute(run.pk)
    shown = str(sealed.turns[0].body)
    assert "ngb:tea-making: TEAMAKING is told here." in shown
    assert "ngb:weekly-report" in shown
    assert "keybindings-help" not in shown  # what the command line brings along
    assert "Do it." in str(sealed.turns[1].body["messages"])

    group.skills = ["weekly-report"]
    group.save()
    again = say("and again")
    execute(again.pk)
    shown = str(sealed.turns[-1].body["messages"][0]) + str(sealed.turns[-1].body.get("system"))
    assert again.error == ""
    sealed.script(ToolUse("Skill", {"skill": "ngb:tea-making"}))
    third = say("make tea")
    execute(third.pk)
    assert third.steps.filter(kind="tool_error").exists()


@pytest.mark.docker
def test_a_skill_that_the_agent_writes_is_there_in_its_next_turn(say, sealed):
    text = "---\\nname: waving\\ndescription: WAVING is told here.\\n---\\nWave."
    sealed.script(
        ToolUse("Bash", {"command": f"mkdir -p skills/waving && printf -- '{text}' > skills/waving/SKILL.md"})
    )
    first, second = say("learn"), None
    execute(first.pk)
    second = say("wave")
    execute(second.pk)
    assert "ngb:waving: WAVING is told here." in str(sealed.turns[-1].body)


@pytest.mark.docker
def test_the_shared_skills_cannot_be_changed_from_inside(say, sealed):
    sealed.script(
        ToolUse("Bash", {"command": "grep ' /workspace/skills ' /proc/mounts; touch /workspace/skills/x 2>&1"})
    )
    run = say("change it")
    execute(run.pk)
    said = run.steps.get(kind__startswith="tool_").detail
    assert " ro," in said
    assert "cannot touch" in said
