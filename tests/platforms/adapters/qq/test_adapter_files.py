"""Files that come in."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from apps.chats.models import Attachment
from apps.chats.workspace.folders import workspace
from tests.fakes.qq_onebot import at, text
from tests.platforms.adapters.qq.support import PNG, channel, database, image, inbound, online
from tests.platforms.support import registered_chat
from tests.waiting import until


@pytest.fixture
def file_server() -> Iterator[str]:
    class Files(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/a.png" else 404)
            self.end_headers()
            self.wfile.write(PNG if self.path == "/a.png" else b"")

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@database
def test_an_image_lies_in_the_groups_folder(bot, listeners, file_server):
    chat = registered_chat(channel(bot.url, api_base=file_server), "group_777")
    online(listeners)
    bot.say([at(), text(" what is this? "), image(f"{file_server}/a.png")])
    attachment = until(lambda: Attachment.objects.filter(state="ready").first())
    assert chat.group
    assert (workspace(chat.group) / attachment.path).read_bytes() == PNG
    assert (inbound().text, attachment.kind) == ("what is this? [image]", "image")


@database
def test_a_file_of_a_group_is_asked_for_by_its_id(bot, listeners, file_server):
    registered_chat(channel(bot.url, api_base=file_server), "group_777")
    online(listeners)
    data = {"file": "notes.png", "file_id": f"{file_server}/a.png", "file_size": "508"}
    bot.say([at(), {"type": "file", "data": data}])
    attachment = until(lambda: Attachment.objects.filter(state="ready", name="notes.png").first())
    assert attachment.size == len(PNG)
    assert bot.calls_of("get_group_file_url")[0]["params"]["file_id"] == data["file_id"]


@database
def test_an_address_in_our_own_network_is_not_asked(bot, listeners, chat, file_server):
    online(listeners)
    bot.say([at(), image(f"{file_server}/a.png")])
    assert "private network" in until(lambda: Attachment.objects.filter(state="failed").first()).error
