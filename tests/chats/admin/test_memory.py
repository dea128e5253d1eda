"""Memory files in the admin: read, edited with care for what the agent does meanwhile, and taken back."""

import os

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from apps.chats.models import MemoryEdit
from apps.chats.workspace import folders, memory
from apps.chats.workspace.safe_folders import FileRefusedError

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def folder(group):
    return folders.workspace(group)


def page(group, name=""):
    pk = group.pk if group else 0
    return reverse("admin:chats_group_memory_file" if name else "admin:chats_group_memory", args=[pk]) + (
        f"?path={name}" if name else ""
    )


def save(browser, group, name, text, seen=None):
    seen = memory.read(group, name).digest if seen is None else seen
    return browser.post(page(group, name), {"text": text, "seen": seen}, follow=True)


def test_the_files_are_listed_the_memory_first(browser_of, group, folder):
    (folder / "people.md").write_text("x")
    (folder / "AAA.md").write_text("x")
    (folder / "secret.txt").write_text("x")
    (folder / "conversations").mkdir()
    (folder / "conversations" / "2026-05-01-trip.md").write_text("x")
    assert [file.path for file in memory.files(group)] == [
        "CLAUDE.md", "AAA.md", "people.md", "conversations/2026-05-01-trip.md",
    ]  # fmt: skip
    shown = browser_of.get(page(group)).content.decode()
    assert "conversations/2026-05-01-trip.md" in shown
    assert "secret.txt" not in shown


def test_an_edit_is_written_and_kept_with_who_made_it(browser_of, group, folder, person):
    (folder / "CLAUDE.md").write_text("Ann likes tea.\n")
    shown = save(browser_of, group, "CLAUDE.md", "Ann likes coffee.\r\n")

    assert "Saved: CLAUDE.md" in shown.content.decode()
    assert (folder / "CLAUDE.md").read_text() == "Ann likes coffee.\n"
    edit = MemoryEdit.objects.get()
    assert (edit.group, edit.path, edit.before, edit.after, edit.user) == (
        group, "CLAUDE.md", "Ann likes tea.\n", "Ann likes coffee.\n", person,
    )  # fmt: skip
    told = browser_of.get(reverse("admin:chats_group_memory_edit", args=[group.pk, edit.pk])).content.decode()
    assert "<del>− Ann likes tea.</del>" in told
    assert "<ins>+ Ann likes coffee.</ins>" in told


def test_saving_the_same_text_is_no_edit(browser_of, group, folder):
    shown = save(browser_of, group, "CLAUDE.md", (folder / "CLAUDE.md").read_text())
    assert "Nothing was changed." in shown.content.decode()
    assert not MemoryEdit.objects.exists()


def test_what_the_agent_wrote_meanwhile_is_said_and_not_lost(browser_of, group, folder):
    (folder / "CLAUDE.md").write_text("old\n")
    seen = memory.read(group, "CLAUDE.md").digest
    (folder / "CLAUDE.md").write_text("the agent's\n")

    shown = save(browser_of, group, "CLAUDE.md", "mine\n", seen)
    text = shown.content.decode()
    assert "changed the file meanwhile" in text
    assert "<ins>+ the agent&#x27;s</ins>" in text
    assert "mine" in text
    assert (folder / "CLAUDE.md").read_text() == "the agent's\n"
    assert not MemoryEdit.objects.exists()

    # Who has seen that may put theirs in its place.
    save(browser_of, group, "CLAUDE.md", "mine\n", shown.context["form"]["seen"].value())
    assert (folder / "CLAUDE.md").read_text() == "mine\n"


def test_an_edit_can_be_taken_back(browser_of, group, folder):
    (folder / "CLAUDE.md").write_text("first\n")
    save(browser_of, group, "CLAUDE.md", "second\n")
    edit = MemoryEdit.objects.get()
    address = reverse("admin:chats_group_memory_edit", args=[group.pk, edit.pk])
    asked = browser_of.get(address).content.decode()
    shown = browser_of.post(address, follow=True)
    assert "<del>− first</del>\n<ins>+ second</ins>" in asked
    assert "@@" not in asked
    assert "As it was before that edit" in shown.content.decode()
    assert (folder / "CLAUDE.md").read_text() == "first\n"
    assert MemoryEdit.objects.count() == 2


def test_the_memory_of_all_groups_has_its_page(browser_of, group):
    save(browser_of, None, "CLAUDE.md", "House rules.\n")
    assert (folders.global_folder() / "CLAUDE.md").read_text() == "House rules.\n"
    assert MemoryEdit.objects.get().group is None
    assert "Memory of all groups" in browser_of.get(page(None)).content.decode()
    assert not MemoryEdit.objects.filter(group=group).exists()


def test_an_archive_can_be_read_and_not_edited(browser_of, group, folder):
    (folder / "conversations").mkdir()
    (folder / "conversations" / "a.md").write_text("<script>alert(1)</script>")
    shown = browser_of.get(page(group, "conversations/a.md")).content.decode()
    assert "&lt;script&gt;alert(1)" in shown
    assert "<textarea" not in shown
    assert browser_of.post(page(group, "conversations/a.md"), {"text": "x", "seen": ""}).status_code == 403


@pytest.mark.parametrize(
    "name",
    ["../other/CLAUDE.md", "/etc/passwd.md", "logs/x.md", "CLAUDE.txt", ".hidden.md", "a/b/c.md", "x\x00.md", ""],
)
def test_nothing_else_is_a_memory_file(browser_of, group, name):
    assert not memory.is_memory(name)
    with pytest.raises(FileRefusedError):
        memory.read(group, name)
    assert browser_of.get(reverse("admin:chats_group_memory_file", args=[group.pk]), {"path": name}).status_code == 404


def test_what_the_agent_planted_is_neither_read_nor_written_through(browser_of, group, folder, tmp_path):
    secret = tmp_path / "secret.md"
    secret.write_text("the host's secret")
    for name in ("CLAUDE.md", "people.md"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(secret)
    os.mkfifo(folder / "pipe.md")
    (folder / "folder.md").mkdir()
    (folder / "conversations").symlink_to(tmp_path)

    assert memory.files(group) == []
    for name in ("CLAUDE.md", "pipe.md", "folder.md", "conversations/secret.md"):
        shown = browser_of.get(page(group, name), follow=True).content.decode()
        assert "the host&#x27;s secret" not in shown
        assert 'class="error"' in shown
    with pytest.raises(FileRefusedError, match="link"):
        memory.write(group, "people.md", "x", seen="", user=None)
    assert secret.read_text() == "the host's secret"


def test_hostile_names_break_no_page(browser_of, group, folder):
    for name in (b"\xff\xfe.md", b"new\nline.md", b"<b>.md", "好.md".encode(), b"a?path=b&c.md"):
        (folder / os.fsdecode(name)).touch()
    shown = browser_of.get(page(group)).content.decode()
    assert "&lt;b&gt;.md" in shown
    assert "好.md" in shown
    assert "new\nline" not in shown
    assert browser_of.get(page(group, "a%3Fpath%3Db%26c.md")).status_code == 200


def test_a_file_that_is_no_text_or_too_large_is_not_edited(browser_of, group, folder):
    (folder / "CLAUDE.md").write_bytes(b"caf\xe9\n")
    (folder / "big.md").write_bytes(b"x" * (memory.READ_LIMIT + 1))
    (folder / "long.md").write_bytes(b"x" * (memory.EDIT_LIMIT + 1))
    assert "<textarea" not in browser_of.get(page(group, "CLAUDE.md")).content.decode()
    assert "<textarea" not in browser_of.get(page(group, "long.md")).content.decode()
    assert "larger than 4 MiB" in browser_of.get(page(group, "big.md"), follow=True).content.decode()
    shown = save(browser_of, group, "new.md", "x" * (memory.EDIT_LIMIT + 1))
    assert "longer than 256 KiB" in shown.content.decode()
    assert not (folder / "new.md").exists()


def test_a_folder_that_cannot_be_written_is_an_error_in_words(browser_of, group, folder):
    (folder / "conversations").mkdir()
    for path in list(folder.iterdir()):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()
    shown = save(browser_of, group, "CLAUDE.md", "x")
    assert "The file cannot be written" in shown.content.decode()
    assert not MemoryEdit.objects.exists()


def test_the_pages_need_the_right_to_see_and_to_change_groups(group, folder):
    viewer = User.objects.create_user("vera", password="x", is_staff=True)
    client = Client()
    client.force_login(viewer)
    assert client.get(page(group, "CLAUDE.md")).status_code == 403
    viewer.user_permissions.add(Permission.objects.get(codename="view_group", content_type__app_label="chats"))
    shown = client.get(page(group, "CLAUDE.md")).content.decode()
    assert "<textarea" not in shown
    assert save(client, group, "CLAUDE.md", "x").status_code == 403
    assert Client().get(page(group)).status_code == 302
