"""Nothing outside a folder is read or written, whatever the agent put inside."""

import os
from pathlib import PurePosixPath

import pytest

from apps.chats.workspace.safe_folders import FileRefusedError, open_below, open_folder, replace_below

NOTES = PurePosixPath("notes/a.md")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.md").write_text("the host's")
    (tmp_path / "root" / "notes").mkdir(parents=True)
    (tmp_path / "root" / "notes" / "a.md").write_text("ours")
    return tmp_path / "root"


def test_an_ordinary_file_is_read_and_one_behind_a_link_is_not(root):
    with open_below(root, NOTES) as file:
        assert file.read() == b"ours"
    (root / "notes" / "b.md").symlink_to(root / "notes" / "a.md")
    (root / "linked").symlink_to(root.parent / "outside")
    for path in ("notes/b.md", "linked/a.md"):
        with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
            open_below(root, PurePosixPath(path))


def test_a_pipe_and_a_folder_are_refused_at_once(root):
    os.mkfifo(root / "pipe")
    for path in ("pipe", "notes"):
        with pytest.raises(FileRefusedError, match="no ordinary file"):
            open_below(root, PurePosixPath(path))


def test_a_folder_is_opened_but_not_through_a_link(root):
    folder = open_folder(root, "notes")
    assert os.stat("a.md", dir_fd=folder).st_size == len("ours")
    os.close(folder)
    (root / "linked").symlink_to(root / "notes")
    with pytest.raises(NotADirectoryError):
        open_folder(root, "linked")


def test_a_link_of_that_name_is_replaced_and_what_it_led_to_stays(root):
    (root / "notes" / "a.md").unlink()
    (root / "notes" / "a.md").symlink_to(root.parent / "outside" / "a.md")

    replace_below(root, NOTES, b"new")

    assert (root / NOTES).read_bytes() == b"new"
    assert not (root / NOTES).is_symlink()
    assert (root.parent / "outside" / "a.md").read_text() == "the host's"


def test_what_cannot_be_replaced_leaves_nothing_half_written(root):
    (root / "notes" / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_below(root, PurePosixPath("notes/folder"), b"new")
    assert sorted(path.name for path in (root / "notes").iterdir()) == ["a.md", "folder"]
