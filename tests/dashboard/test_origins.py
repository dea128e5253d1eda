import pytest

from apps.dashboard.origins import is_same_site


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
