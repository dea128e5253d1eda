"""What OneBot's refusals and broken connections mean."""

import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from apps.chats.models import Incident
from tests.fakes.qq_onebot import TOKEN
from tests.platforms.adapters.qq.support import channel, database
from tests.platforms.support import detail, status
from tests.waiting import until


@database
@pytest.mark.parametrize("in_words", [False, True])
def test_a_refused_token_is_permanent_and_said_without_it(bot, listeners, chat, caplog, in_words):
    caplog.set_level(logging.DEBUG)
    bot.token, bot.refuses_in_words = "another", in_words
    listeners.start()
    until(lambda: status() == "failed")
    assert "does not accept the access token" in until(Incident.objects.first).sentence
    assert TOKEN not in caplog.text + detail()


@database
def test_what_is_no_websocket_is_said(listeners):
    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_error(418)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        channel(f"ws://127.0.0.1:{server.server_port}/")
        listeners.start()
        until(lambda: "answered 418" in detail())
        assert status() == "retrying"
        server.shutdown()
