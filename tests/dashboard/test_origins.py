import pytest
from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator

from apps.dashboard.origins import is_same_site
from nanogridbot.asgi import application


def headers(origin, host):
    return {b"origin": origin.encode(), b"host": host.encode()}


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("http://127.0.0.1:8000", "some-proxy:1"),
        ("https://[::1]", "[::1]"),
    ],
)
def test_our_own_pages_may_open_a_websocket(origin, host):
    assert is_same_site(headers(origin, host))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "localhost:8000"),
        ("http://localhost:9999", "localhost:8000"),
        ("http://evil.example", "evil.example"),
        ("null", "localhost:8000"),
        ("", "localhost:8000"),
        ("http://localhost:8000.evil.example", "localhost:8000"),
    ],
)
def test_other_pages_may_not(origin, host):
    assert not is_same_site(headers(origin, host))


def test_a_websocket_that_there_is_not_is_refused_like_a_strange_one():
    own = list(headers("http://localhost", "localhost").items())

    async def knock():
        return await WebsocketCommunicator(application, "/ws/nothing", headers=own).connect(timeout=5)

    assert async_to_sync(knock)()[0] is False
