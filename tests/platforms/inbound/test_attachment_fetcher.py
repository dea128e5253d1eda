"""Files that come in, through the real listeners and a Bot API that speaks the wire."""

import threading
import time

import pytest

from apps.agents.models import Run
from apps.agents.sandbox import workspace_files
from apps.chats.models import Attachment
from apps.chats.workspace.folders import workspace
from tests.fakes.stand_in import Hang
from tests.platforms.inbound.support import document, photo, prompt
from tests.platforms.support import PNG
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_folders")]


def test_a_photo_lies_in_the_groups_folder_before_the_agent_is_called(api, listeners, chat):
    api.files = {"small": b"s", "large": PNG}
    listeners.start()
    api.say(caption="@Andy what is this?", photo=photo("small", 10) + photo("large", 90))

    run = until(Run.objects.first)
    attachment = Attachment.objects.get()
    assert (workspace(chat.group) / attachment.path).read_bytes() == PNG
    assert (attachment.state, attachment.size, attachment.kind) == ("ready", len(PNG), "image")
    assert f'path="{attachment.path}"' in prompt(run)


def test_a_file_that_is_not_to_be_had_becomes_a_placeholder(api, listeners, chat):
    listeners.start()
    api.say(caption="@Andy read", document=document("a.txt", "gone"))

    run = until(Run.objects.first)
    assert Attachment.objects.get().state == "failed"
    assert 'missing="Telegram refused it' in prompt(run)


def test_a_download_that_hangs_holds_the_message_up_only_so_long(api, listeners, chat, settings):
    settings.MEDIA_WAIT = 0.5
    api.files = {"doc": b"late"}
    api.fail("file", Hang(300))
    listeners.start()
    api.say(caption="@Andy read", document=document("a.txt"))

    assert until(Run.objects.first)
    assert "within 0.5 s" in Attachment.objects.get().error
    assert not list((workspace(chat.group) / "attachments").iterdir())


def test_too_large_a_file_is_not_kept_whatever_it_was_said_to_be(api, listeners, chat, settings):
    settings.MEDIA_LIMIT = 1000
    api.files = {"doc": b"x" * 5000}
    listeners.start()
    api.say(caption="@Andy read", document=document("a.txt", size=10))

    until(Run.objects.first)
    assert "larger than 1,000 bytes" in Attachment.objects.get().error
    assert not list((workspace(chat.group) / "attachments").iterdir())


def test_the_service_ends_only_after_a_half_file_is_removed(api, listeners, chat, settings, monkeypatch):
    remove, removing = workspace_files.remove_inside, threading.Event()

    def slowly(*where):
        removing.set()
        time.sleep(1)
        remove(*where)

    monkeypatch.setattr(workspace_files, "remove_inside", slowly)
    settings.MEDIA_LIMIT = 1000
    api.files = {"doc": b"x" * 5000}
    listeners.start()
    api.say(caption="@Andy read", document=document("a.txt", size=10))

    assert removing.wait(30)
    listeners.stop()  # it fails where a task is left over
    assert not list((workspace(chat.group) / "attachments").iterdir())


def test_a_folder_that_the_agent_made_a_link_leads_nowhere(api, listeners, chat, tmp_path):
    (workspace(chat.group) / "attachments").symlink_to(tmp_path)
    api.files = {"doc": b"text"}
    listeners.start()
    api.say(caption="@Andy read", document=document("a.txt"))

    until(Run.objects.first)
    assert "cannot be used" in Attachment.objects.get().error
    assert not list(tmp_path.iterdir())
