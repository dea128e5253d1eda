"""Texts and files on their way to Slack."""

from typing import Any

import pytest

from apps.chats import services
from apps.chats.models import Message
from apps.chats.workspace.folders import workspace
from tests.fakes.slack_api import Failure
from tests.platforms.support import outbound, send, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_thread_comes_and_goes_as_a_thread(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.say("<@UBOT> more", thread_ts="1700000000.000100")
    message = until(lambda: Message.objects.inbound().first())
    assert message.thread_id == "1700000000.000100"
    send(chat, "a" * 4000 + "b", thread_id=message.thread_id)
    assert {call.parameters["thread_ts"] for call in api.wait_for_sent(2)} == {"1700000000.000100"}
    assert [len(call.text) for call in api.sent] == [4000, 1]


def put(chat: Any, name: str, content: bytes = b"hello", **more: Any) -> Message:
    (workspace(chat.group) / name).write_bytes(content)
    return services.send_file(chat, path=name, name=name, size=len(content), caption="**Here**", **more)


def test_a_file_is_sent_with_its_caption_into_its_thread(api, listeners, chat):
    listeners.start()
    put(chat, "report.txt", thread_id="1700000000.000100")

    assert api.wait_for(lambda: api.calls_of("files.completeUploadExternal"))
    given = api.calls_of("files.completeUploadExternal")[0].parameters
    assert api.uploads == [("report.txt", b"hello")]
    assert (given["channel_id"], given["initial_comment"]) == ("C1", "*Here*")
    assert given["thread_ts"] == "1700000000.000100"
    assert until(lambda: outbound("sent") == 1)


def test_a_file_that_slack_refuses_is_said(api, listeners, chat):
    api.fail("files.getUploadURLExternal", Failure("missing_scope", more=(("needed", "files:write"),)))
    listeners.start()
    message = put(chat, "report.txt")

    until(lambda: outbound("failed") == 1)
    assert "lacks the scope files:write" in Message.objects.get(pk=message.pk).error


def test_an_upload_that_fails_is_tried_again(api, listeners, chat):
    api.fail("upload", Failure(status=500))
    listeners.start()
    put(chat, "report.txt")

    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts == 2
    assert api.uploads == [("report.txt", b"hello")]
