"""Which skills a group has, and what they say of themselves."""

import pytest
from django.core.exceptions import ValidationError

from apps.chats.models import Group
from apps.chats.workspace import folders, skills


@pytest.fixture
def group(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.GROUPS_DIR, settings.SESSIONS_DIR = tmp_path / "groups", tmp_path / "sessions"
    group = Group(name="Team", folder="team")
    folders.create_workspace(group)
    return group


def write(folder, name, text="description: Does it."):
    (folder / name).mkdir(parents=True)
    (folder / name / "SKILL.md").write_text(text)


def own_folder(group):
    return folders.workspace(group) / skills.FOLDER


def test_a_shipped_skill_is_laid_out_anew_and_the_operators_stays(group):
    skills.lay_out()
    shipped = skills.shared_folder() / "weekly-report" / "SKILL.md"
    original = shipped.read_text()
    shipped.write_text("spoilt")
    write(skills.shared_folder(), "house")

    skills.lay_out()

    assert shipped.read_text() == original
    assert {"house", "weekly-report"} <= set(skills.shared())


def test_a_groups_own_skill_is_a_real_folder_with_a_real_file(group, tmp_path):
    write(own_folder(group), "cooking")
    write(tmp_path, "elsewhere")
    (own_folder(group) / "linked").symlink_to(tmp_path / "elsewhere")
    (own_folder(group) / "empty").mkdir()
    (own_folder(group) / "pointing").mkdir()
    (own_folder(group) / "pointing" / "SKILL.md").symlink_to(tmp_path / "elsewhere" / "SKILL.md")
    write(own_folder(group), "No_Name")
    assert skills.own(group) == ["cooking"]


def test_a_group_gets_all_that_are_there_or_those_it_chose(group):
    there = ["a", "b"]
    chosen = [skills.chosen(Group(skills=names), there) for names in (None, ["b", "gone"], [])]
    assert chosen == [["a", "b"], ["b"], []]


def test_an_unknown_skill_is_refused_with_those_there_are_and_one_that_went_is_not(group):
    write(own_folder(group), "cooking")
    with pytest.raises(ValidationError, match=r"no skill flying; there are: .*cooking"):
        skills.check(group, ["cooking", "flying"])
    with pytest.raises(ValidationError, match="list of names"):
        skills.check(group, "cooking")
    group.skills = ["flying"]
    skills.check(group, ["cooking", "flying"])  # would raise
    assert "flying" not in skills.available(group)


def test_a_skill_describes_itself_and_a_groups_own_takes_the_place_of_a_shared_one(group):
    write(own_folder(group), "weekly-report", 'name: x\ndescription: "Ours,  in\tone line."\n')
    assert skills.description(group, "weekly-report") == "Ours, in one line."
    assert skills.description(None, "weekly-report").startswith("Write the group's report")
    write(own_folder(group), "mute", "nothing said")
    assert skills.description(group, "mute") == skills.description(group, "nowhere") == ""
