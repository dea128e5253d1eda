"""Files that go out, through the real listeners and a Bot API that speaks the wire."""

import pytest

from apps.chats.models import Message
from apps.chats.workspace.folders import workspace
from tests.platforms.support import PNG, put
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_folders")]


def test_a_file_is_sent_with_its_caption(api, listeners, chat):
    listeners.start()
    put(chat, "report.txt")

    assert api.wait_for(lambda: api.uploads == [("report.txt", b"hello")])
    assert api.calls_of("sendDocument")[0].parameters["caption"] == "<b>Here</b>"
    assert until(lambda: Message.objects.outbound().get().delivery == "sent")


def test_an_image_is_shown(api, listeners, chat):
    listeners.start()
    put(chat, "plot.png", PNG)

    assert api.wait_for(lambda: api.uploads == [("plot.png", PNG)])
    assert api.calls_of("sendPhoto")


def test_a_file_that_is_gone_or_became_a_link_is_not_sent(api, listeners, chat, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    message = put(chat, "report.txt")
    (workspace(chat.group) / "report.txt").unlink()
    (workspace(chat.group) / "report.txt").symlink_to(secret)
    listeners.start()

    assert until(lambda: Message.objects.get(pk=message.pk).delivery == "failed")
    assert not api.uploads
