"""Texts and files on their way to Discord."""

import pytest

from apps.agents.models import Run
from apps.chats import services
from apps.chats.models import Attachment
from apps.chats.workspace.folders import workspace
from tests.fakes.discord_gateway import Garbage
from tests.fakes.stand_in import Cut
from tests.platforms.support import outbound, send, status
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("told_at_once", "nothing_left"),
]


def test_a_long_text_arrives_in_two_parts_in_order(discord, online):
    send(online, "a" * 2000 + "b")
    assert [call.text for call in discord.wait_for_sent(2)] == ["a" * 2000, "b"]


def test_a_connection_cut_before_the_answer_shows_no_message_twice(discord, online):
    discord.fail("send", Cut(done=True), Garbage())
    send(online, "hi")
    until(lambda: outbound("sent") == 1)
    assert len(discord.sent) == 1
    assert len(discord.calls_of("repeated")) == 1


def test_files_come_in_and_go_out(discord, listeners, room):
    discord.files = {"cat.png": b"\x89PNG\r\n\x1a\nxxx", "11.png": b"sticker"}
    listeners.start()
    until(lambda: status() == "online")
    file = {
        "id": "1",
        "filename": "cat.png",
        "size": 11,
        "url": f"{discord.url}/cdn/cat.png",
        "content_type": "image/png",
    }
    gone = {
        **file,
        "id": "2",
        "filename": "gone.txt",
        "url": f"{discord.url}/cdn/gone.txt",
        "content_type": "text/plain",
    }
    sticker = {"id": "11", "name": "wave", "format_type": 1}
    discord.say("@Andy look", attachments=[file, gone], sticker_items=[sticker])
    until(Run.objects.exists)
    cat, missing, wave = Attachment.objects.order_by("pk")
    assert (workspace(room.group) / cat.path).read_bytes() == discord.files["cat.png"]
    assert (cat.kind, wave.kind, wave.state, missing.state) == ("image", "sticker", "ready", "failed")

    (workspace(room.group) / "report.txt").write_bytes(b"hello")
    services.send_file(room, path="report.txt", name="report.txt", size=5, caption="**Here**")
    assert discord.wait_for_sent(1)[0].text == "**Here**"
    assert discord.uploads == [("report.txt", b"hello")]
