"""Files of the workspace, served to people."""

import pytest
from django.test import Client

from apps.agents import services
from apps.agents.models import Run
from apps.chats.services import create_group, send_file, web_chat
from apps.chats.workspace.folders import workspace
from tests.dashboard.support import address

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_folder")]


@pytest.fixture
def sent(chat, group):
    """A file of the workspace, sent by the agent."""

    def send(name, content=b"content", path=""):
        (workspace(group) / name).write_bytes(content)
        message = send_file(chat, path=path or name, name=name, size=len(content))
        return message.attachments.get()

    return send


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


def test_a_file_of_another_groups_run_comes_from_that_groups_workspace(browser_of, chat):
    """The main group may send a file of its own to any chat."""
    main = create_group(folder="main", name="Main", is_main=True)
    run = services.request_run(main, chat=web_chat(main), cause=Run.Cause.MESSAGE)
    (workspace(main) / "plan.txt").write_text("the plan")
    message = send_file(chat, path="plan.txt", name="plan.txt", size=8, run_id=run.pk)

    assert browser_of.get(address(message.attachments.get())).content == b"the plan"
