import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.agents import services
from apps.agents.models import Run
from apps.chats.models import Attachment, Message, Sender
from apps.chats.services import create_group, send_file, web_chat
from apps.chats.workspace.folders import workspace
from tests.chats.support import said
from tests.fakes import pictures

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.GROUPS_DIR = tmp_path / "groups"


@pytest.fixture
def write(browser_of, chat):
    def post(text, *uploads, external_id=None):
        files = [SimpleUploadedFile(name, content) for name, content in uploads]
        fields = {"id": external_id or str(uuid.uuid4()), "text": text, "files": files}
        return browser_of.post("/chat/family/messages/", fields)

    return post


@pytest.fixture
def sent(chat, group):
    """A file of the workspace, sent by the agent."""

    def send(name, content=b"content", path=""):
        (workspace(group) / name).write_bytes(content)
        message = send_file(chat, path=path or name, name=name, size=len(content))
        return message.attachments.get()

    return send


def address(attachment):
    return f"/chat/family/files/{attachment.pk}/"


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


@pytest.mark.parametrize(
    ("name", "content_type", "disposition"),
    [
        ("cat.png", "image/png", 'inline; filename="cat.png"'),
        ("page.html", "application/octet-stream", 'attachment; filename="page.html"'),
        ("logo.svg", "application/octet-stream", 'attachment; filename="logo.svg"'),
        ("report.pdf", "application/octet-stream", 'attachment; filename="report.pdf"'),
    ],
)
def test_only_pictures_are_shown_and_nothing_runs(sent, browser_of, name, content_type, disposition):
    response = browser_of.get(address(sent(name, b"<script>alert(1)</script>")))

    assert response.status_code == 200
    assert (response["Content-Type"], response["Content-Disposition"]) == (content_type, disposition)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_stranger_must_sign_in_first(sent):
    response = Client().get(address(sent("cat.png")))

    assert response.status_code == 302
    assert "login" in response["Location"]


def test_a_file_of_another_chat_is_not_there(sent, browser_of):
    create_group(folder="office", name="Office")

    assert browser_of.get(f"/chat/office/files/{sent('cat.png').pk}/").status_code == 404


def test_a_link_out_of_the_workspace_is_not_followed(sent, browser_of, group, tmp_path):
    (tmp_path / "secret").write_text("secret")
    attachment = sent("notes.txt")
    (workspace(group) / "notes.txt").unlink()
    (workspace(group) / "notes.txt").symlink_to(tmp_path / "secret")

    assert browser_of.get(address(attachment)).status_code == 404


@pytest.mark.parametrize("path", ["../family2/x", "/etc/passwd", "gone.txt"])
def test_a_path_that_leads_nowhere_is_not_there(sent, browser_of, path):
    assert browser_of.get(address(sent("a.txt", path=path))).status_code == 404


def test_a_file_that_the_agent_made_huge_is_not_read_whole(sent, browser_of, group, settings):
    settings.MEDIA_LIMIT = 100
    attachment = sent("a.txt", b"a")
    (workspace(group) / "a.txt").write_bytes(bytes(101))

    assert browser_of.get(address(attachment)).status_code == 404


def test_a_file_that_could_not_be_fetched_says_why(browser_of, chat):
    message = said(chat, "look")
    message.attachments.create(kind="file", name="a.pdf", state="failed", error="It is larger than allowed.")

    assert "It is larger than allowed." in browser_of.get("/chat/family/").content.decode()


def test_a_file_of_another_groups_run_comes_from_that_groups_workspace(browser_of, chat):
    """The main group may send a file of its own to any chat."""
    main = create_group(folder="main", name="Main", is_main=True)
    run = services.request_run(main, chat=web_chat(main), cause=Run.Cause.MESSAGE)
    (workspace(main) / "plan.txt").write_text("the plan")
    message = send_file(chat, path="plan.txt", name="plan.txt", size=8, run_id=run.pk)

    assert browser_of.get(address(message.attachments.get())).content == b"the plan"
