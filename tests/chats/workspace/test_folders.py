import os

import pytest
from django.core.exceptions import ValidationError

from apps.chats.models import Group
from apps.chats.workspace import folders


@pytest.fixture(autouse=True)
def groups_dir(settings, tmp_path):
    settings.GROUPS_DIR, settings.SESSIONS_DIR = tmp_path / "groups", tmp_path / "sessions"
    return settings.GROUPS_DIR


def group(**fields):
    return Group(**{"name": "Team", "folder": "team", "assistant_name": "Andy {x} $1", **fields})


def test_the_memory_file_has_the_assistants_name_literally():
    path = folders.create_workspace(group())
    assert "Andy {x} $1" in (path / "CLAUDE.md").read_text()
    assert (path / "logs").is_dir()


def test_a_memory_is_never_overwritten():
    path = folders.create_workspace(group())
    (path / "CLAUDE.md").write_text("what I learnt")
    folders.create_workspace(group())
    assert (path / "CLAUDE.md").read_text() == "what I learnt"


def test_a_missing_template_does_not_stop_it(monkeypatch, tmp_path):
    monkeypatch.setattr(folders, "TEMPLATES", tmp_path / "none")
    assert (folders.create_workspace(group()) / "CLAUDE.md").read_text() == ""


def test_a_name_that_looks_like_a_placeholder_stays_a_name():
    path = folders.create_workspace(group(name="{assistant_name}", assistant_name="Bo"))
    assert (path / "CLAUDE.md").read_text().startswith("# {assistant_name}\n\nYou are Bo,")


def test_the_main_group_and_the_memory_of_all_have_templates_of_their_own(groups_dir):
    path = folders.create_workspace(group(is_main=True))
    assert "this is the main group" in (path / "CLAUDE.md").read_text()
    assert "every group" in (groups_dir / "global" / "CLAUDE.md").read_text()


def test_the_memory_of_all_is_never_overwritten(groups_dir):
    folders.create_workspace(group())
    (groups_dir / "global" / "CLAUDE.md").write_text("house rules")
    folders.create_workspace(group(folder="other"))
    assert (groups_dir / "global" / "CLAUDE.md").read_text() == "house rules"


def test_what_an_agent_planted_is_neither_followed_nor_a_stop(tmp_path):
    path = folders.create_workspace(group())
    (tmp_path / "secret").write_text("the host's secret")
    (path / "CLAUDE.md").unlink()
    (path / "CLAUDE.md").symlink_to(tmp_path / "secret")
    (path / "logs").rmdir()
    (path / "logs").write_text("no folder")

    folders.create_workspace(group())
    assert folders.memory(group()) == ""
    assert (tmp_path / "secret").read_text() == "the host's secret"


def test_a_pipe_in_place_of_the_memory_holds_nobody_up():
    path = folders.create_workspace(group())
    (path / "CLAUDE.md").unlink()
    os.mkfifo(path / "CLAUDE.md")
    assert folders.memory(group()) == ""


def test_a_symlink_that_leads_outside_is_refused(groups_dir, tmp_path):
    groups_dir.mkdir()
    (tmp_path / "outside").mkdir()
    (groups_dir / "team").symlink_to(tmp_path / "outside")
    with pytest.raises(ValidationError, match="outside"):
        folders.create_workspace(group())
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize("folder", ["..", "a/b", "/tmp", "global"])
def test_a_bad_folder_has_no_workspace(folder):
    with pytest.raises(ValidationError):
        folders.workspace(group(folder=folder))
