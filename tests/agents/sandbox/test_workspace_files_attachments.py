"""Files in a folder where the agent may plant links and pipes, and take any name."""

import os

import pytest

from apps.agents.sandbox import workspace_files
from apps.chats.workspace.folders import workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path_factory):
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\x.txt", "x.txt"),
        ("...", "file"),
        (".bashrc", "bashrc"),
        ("a\x00b\nc.txt", "a_b_c.txt"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("报告.docx", "报告.docx"),
        ("", "file"),
    ],
)
def test_a_name_is_a_plain_one(given, kept):
    assert workspace_files.plain_name(given) == kept


def test_a_long_name_keeps_its_ending():
    assert len(workspace_files.plain_name("名" * 500 + ".pdf").encode()) <= 120
    assert workspace_files.plain_name("名" * 500 + ".pdf").endswith(".pdf")


def test_an_existing_file_is_never_written_over(chat):
    for number in range(3):
        file, path = workspace_files.new_attachment(chat.group, "a.txt")
        with file:
            file.write(str(number).encode())
    assert path == "attachments/a-3.txt"
    assert (workspace(chat.group) / "attachments" / "a.txt").read_bytes() == b"0"


def test_a_file_that_is_not_wanted_is_removed_but_what_the_agent_put_in_its_place_is_not(chat):
    for name in ("a.txt", "b.txt"):
        workspace_files.new_attachment(chat.group, name)[0].close()
    mine, theirs = (workspace(chat.group) / "attachments" / name for name in ("a.txt", "b.txt"))
    theirs.unlink()
    theirs.mkdir()

    workspace_files.remove_inside(chat.group, "attachments/a.txt")
    workspace_files.remove_inside(chat.group, "attachments/b.txt")
    assert (mine.exists(), theirs.is_dir()) == (False, True)


@pytest.mark.parametrize("path", ["/etc/passwd", "../other/x", "link", "pipe", ".", "missing", "a\x00b"])
def test_only_an_ordinary_file_of_the_workspace_is_opened(chat, path, tmp_path):
    (tmp_path / "outside").write_text("x")
    (workspace(chat.group) / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(workspace(chat.group) / "pipe")

    with pytest.raises(workspace_files.FileRefusedError):
        workspace_files.open_inside(chat.group, path)


@pytest.mark.parametrize("path", ["a/b.txt", "/workspace/group/a/b.txt", "a/../a/b.txt", "inner"])
def test_a_file_inside_is_opened_links_resolved(chat, path):
    (workspace(chat.group) / "a").mkdir()
    (workspace(chat.group) / "a" / "b.txt").write_text("text")
    (workspace(chat.group) / "inner").symlink_to("a/b.txt")

    file, relative = workspace_files.open_inside(chat.group, path)
    with file:
        assert (file.read(), relative) == (b"text", "a/b.txt")
