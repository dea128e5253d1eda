"""Memory files are read and written with care for what the agent does meanwhile."""

import pytest

from apps.chats.models import MemoryEdit
from apps.chats.services import create_group
from apps.chats.workspace import memory
from apps.chats.workspace.safe_folders import FileRefusedError

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(settings, tmp_path):
    settings.GROUPS_DIR, settings.SESSIONS_DIR = tmp_path / "groups", tmp_path / "sessions"
    return create_group(folder="family")


def put(group, name, text):
    path = memory.root(group) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_an_edit_is_kept_and_one_that_changes_nothing_is_none(group):
    put(group, "people.md", "Ann")
    seen = memory.read(group, "people.md")

    edit = memory.write(group, "people.md", "Ann and Bob\r\n", seen=seen.digest, user=None)

    assert edit == MemoryEdit.objects.get()
    assert (edit.before, edit.after) == ("Ann", "Ann and Bob\n")
    now = memory.read(group, "people.md")
    assert now.text == "Ann and Bob\n"
    assert memory.write(group, "people.md", now.text, seen=now.digest, user=None) is None


def test_what_was_written_meanwhile_is_not_written_over(group):
    put(group, "people.md", "Ann")
    seen = memory.read(group, "people.md").digest
    put(group, "people.md", "the agent's")

    with pytest.raises(memory.ChangedMeanwhileError) as changed:
        memory.write(group, "people.md", "mine", seen=seen, user=None)

    assert changed.value.now.text == memory.read(group, "people.md").text == "the agent's"
    assert not MemoryEdit.objects.exists()


def test_what_is_taken_back_is_an_edit_of_its_own(group):
    edit = memory.write(group, "people.md", "Ann", seen="", user=None)
    assert edit
    put(group, "people.md", "Ann, says the agent")

    memory.restore(edit, user=None)

    assert memory.read(group, "people.md").text == ""
    newest = MemoryEdit.objects.exclude(pk=edit.pk).get()
    assert (newest.before, newest.after) == ("Ann, says the agent", "")


def test_an_archive_is_read_and_not_written(group):
    put(group, "conversations/may.md", "what was said")
    found = memory.read(group, "conversations/may.md")
    assert (found.text, found.editable) == ("what was said", False)
    with pytest.raises(FileRefusedError, match="cannot be edited"):
        memory.write(group, "conversations/may.md", "x", seen=found.digest, user=None)


def test_groups_have_their_own_files_and_share_one_folder(group):
    put(group, "people.md", "Ann")
    memory.write(None, "house.md", "Rules", seen="", user=None)
    assert [file.path for file in memory.files(group)] == ["CLAUDE.md", "people.md"]
    assert [file.path for file in memory.files(None)] == ["CLAUDE.md", "house.md"]
    assert memory.read(group, "house.md").text == ""
