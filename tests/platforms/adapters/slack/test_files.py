"""Files that come in."""

from typing import Any

import pytest

from apps.agents.models import Run
from apps.chats.models import Attachment
from apps.chats.workspace.folders import workspace
from apps.platforms.adapters.slack.files import is_slacks
from tests.fakes.slack_api import SlackApi
from tests.platforms.adapters.slack.support import online
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 5000


def file(api: SlackApi, name: str, mime: str = "text/plain", **more: Any) -> dict[str, Any]:
    url = f"{api.url.removesuffix('/api')}/files/{name}"
    return {"id": name, "name": name, "mimetype": mime, "size": 10, "mode": "hosted", "url_private": url, **more}


def test_a_photo_lies_in_the_groups_folder_before_the_agent_is_called(api, listeners, chat):
    api.files = {"plot.png": (PNG, "image/png")}
    online(listeners)
    api.say("<@UBOT> what is this?", subtype="file_share", files=[file(api, "plot.png", "image/png")])

    until(Run.objects.first)
    attachment = Attachment.objects.get()
    assert (workspace(chat.group) / attachment.path).read_bytes() == PNG
    assert (attachment.state, attachment.kind, attachment.name) == ("ready", "image", "plot.png")


def test_a_file_of_which_only_the_id_is_told_is_asked_for(api, listeners, chat):
    api.files = {"F7": (b"shared", "text/plain")}
    online(listeners)
    api.say("<@UBOT> read", files=[{"id": "F7", "file_access": "check_file_info"}])

    until(Run.objects.first)
    assert (workspace(chat.group) / Attachment.objects.get().path).read_bytes() == b"shared"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"url_private": "https://evil.example/x"}, "does not lie at Slack"),
        ({"url_private": "http://169.254.169.254/latest"}, "does not lie at Slack"),
        ({}, "answered 404"),
    ],
)
def test_a_file_that_is_not_to_be_had_becomes_a_placeholder(api, listeners, chat, given, sentence):
    online(listeners)
    api.say("<@UBOT> read", files=[file(api, "a.txt", **given)])

    until(Run.objects.first)
    assert sentence in Attachment.objects.get().error


def test_a_page_to_log_in_is_not_taken_for_the_file(api, listeners, chat):
    api.files = {"a.pdf": (b"\n<!DOCTYPE html><html>Sign in</html>", "text/html")}
    online(listeners)
    api.say("<@UBOT> read", files=[file(api, "a.pdf", "application/pdf")])

    until(Run.objects.first)
    assert "lacks files:read" in Attachment.objects.get().error


@pytest.mark.parametrize(
    ("url", "slacks"),
    [
        ("https://files.slack.com/a", True),
        ("https://slack.com/a", True),
        ("http://127.0.0.1:5/files/a", True),
        ("http://files.slack.com/a", False),
        ("https://evilslack.com/a", False),
        ("https://slack.com.evil.example/a", False),
        ("https://slack.com@evil.example/a", False),
        ("http://127.0.0.1:6/a", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_the_token_goes_to_slack_only(url, slacks):
    assert is_slacks(url, "http://127.0.0.1:5/api") is slacks
