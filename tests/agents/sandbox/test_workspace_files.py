"""Files go in and out of a workspace, and never past it, whatever links an agent has planted there."""

import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from apps.agents.sandbox.workspace_files import (
    FileRefusedError,
    new_attachment,
    open_inside,
    plain_name,
    remove_inside,
)
from apps.chats.models import Group
from apps.chats.workspace.folders import create_workspace, workspace


@pytest.fixture
def root(group: Group, settings: Settings, tmp_path: Path) -> Path:
    """The group's workspace, beside which a secret lies."""
    settings.DATA_DIR, settings.GROUPS_DIR = tmp_path, tmp_path / "groups"
    settings.SESSIONS_DIR = tmp_path / "sessions"
    create_workspace(group)
    (tmp_path / "groups" / "secret").write_text("4711")
    return workspace(group)


def put(group: Group, name: str, content: bytes = b"x") -> str:
    file, path = new_attachment(group, name)
    with file:
        file.write(content)
    return path


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a b.txt", "a b.txt"),
        (".bashrc", "bashrc"),
        ("a\0b\n;c.sh", "a_b_c.sh"),
        ("火锅.png", "火锅.png"),
        ("", "file"),
        ("...", "file"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
    ],
)
def test_a_name_has_no_folders_and_no_surprises(given, name):
    assert plain_name(given) == name


def test_two_files_of_one_name_are_both_kept(root, group):
    paths = [put(group, "a.txt", content) for content in (b"one", b"two")]
    assert paths == ["attachments/a.txt", "attachments/a-2.txt"]
    assert [(root / path).read_bytes() for path in paths] == [b"one", b"two"]


def test_nothing_is_written_through_a_folder_that_leads_elsewhere(root, group, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(root / "attachments", ignore_errors=True)
    (root / "attachments").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileRefusedError, match="attachments/ cannot be used"):
        new_attachment(group, "a.txt")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("path", ["plan.txt", "/workspace/group/plan.txt", "notes/../plan.txt", "link"])
def test_a_file_of_the_workspace_is_read_by_any_of_its_paths(root, group, path):
    (root / "notes").mkdir()
    (root / "plan.txt").write_text("plan")
    (root / "link").symlink_to("plan.txt")
    file, where = open_inside(group, path)
    with file:
        assert (file.read(), where) == (b"plan", "plan.txt")


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "link", "folder/secret"])
def test_what_lies_elsewhere_is_not_read(root, group, path):
    (root / "link").symlink_to(root.parent / "secret")
    (root / "folder").symlink_to(root.parent)
    with pytest.raises(FileRefusedError, match="does not lie in the workspace"):
        open_inside(group, path)


def test_what_is_missing_is_said_to_be(root, group):
    with pytest.raises(FileRefusedError, match=r"There is no file gone\.txt in the workspace"):
        open_inside(group, "gone.txt")


def test_an_attachment_that_is_not_wanted_goes_and_no_other_file_does(root, group):
    path = put(group, "a.txt")
    (root / "plan.txt").write_text("plan")
    remove_inside(group, path)
    remove_inside(group, "plan.txt")
    assert not (root / path).exists()
    assert (root / "plan.txt").exists()
