"""Files that people send on the page."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.agents.models import Run
from apps.chats.models import Attachment, Message, Sender
from apps.chats.workspace.folders import workspace
from tests.dashboard.support import address
from tests.fakes import pictures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_folder")]


@pytest.fixture
def write(browser_of, chat):
    def post(text, *uploads, external_id=None):
        files = [SimpleUploadedFile(name, content) for name, content in uploads]
        fields = {"id": external_id or str(uuid.uuid4()), "text": text, "files": files}
        return browser_of.post("/chat/family/messages/", fields)

    return post


def test_an_uploaded_picture_is_kept_calls_the_agent_and_shows(write, chat, group, browser_of):
    assert write("", ("cat.png", pictures.png())).status_code == 201

    attachment = Attachment.objects.get()
    assert (attachment.kind, attachment.mime, attachment.state) == ("image", "image/png", "ready")
    assert (workspace(group) / attachment.path).read_bytes() == pictures.png()
    assert Run.objects.get(chat=chat).status == "queued"
    assert f'<img src="{address(attachment)}"' in browser_of.get("/chat/family/").content.decode()


def test_the_same_upload_again_changes_nothing(write, group):
    external_id = str(uuid.uuid4())
    for _ in range(2):
        assert write("look", ("a.txt", b"a"), external_id=external_id).status_code == 201

    assert Attachment.objects.count() == Message.objects.count() == 1
    assert [file.name for file in (workspace(group) / "attachments").iterdir()] == ["a.txt"]


def test_two_files_of_one_name_are_both_kept(write, group):
    write("look", ("a.txt", b"one"), ("a.txt", b"two"))

    paths = Attachment.objects.order_by("pk").values_list("path", flat=True)
    assert [(workspace(group) / path).read_bytes() for path in paths] == [b"one", b"two"]


def test_what_is_too_large_is_said_and_nothing_is_kept(write, group, settings):
    settings.MEDIA_LIMIT = 2_097_152

    response = write("look", ("a.txt", b"a"), ("film.mp4", bytes(2_097_153)))

    assert response.status_code == 413
    assert response.json()["error"] == "film.mp4 is too large: at most 2 MB are taken."
    assert not Message.objects.exists()
    assert not (workspace(group) / "attachments").exists()


def test_too_many_files_are_refused(write):
    assert "At most 10 files" in write("look", *[(f"{n}.txt", b"a") for n in range(11)]).json()["error"]


def test_a_refused_message_leaves_no_file_behind(write, group):
    write("first")
    Sender.objects.update(access="blocked")

    assert write("second", ("a.txt", b"a")).status_code == 403
    assert list((workspace(group) / "attachments").iterdir()) == []


def test_a_command_takes_no_files(write, group):
    assert write("/help", ("a.txt", b"a")).status_code == 201

    assert not Attachment.objects.exists()
    assert list((workspace(group) / "attachments").iterdir()) == []


@pytest.mark.parametrize("name", ["../../evil.png", "a/b.txt", ".bashrc", "x\r\ny.txt"])
def test_a_name_cannot_lead_anywhere(write, group, name):
    assert write("look", (name, b"a")).status_code == 201

    [kept] = (workspace(group) / "attachments").iterdir()
    assert Attachment.objects.get().path == f"attachments/{kept.name}"
    assert not kept.name.startswith(".")


def test_an_attachments_folder_that_leads_elsewhere_is_not_followed(write, group, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (workspace(group) / "attachments").symlink_to(tmp_path / "elsewhere")

    assert write("look", ("a.txt", b"a")).status_code == 507
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not Message.objects.exists()
