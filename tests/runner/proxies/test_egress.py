"""The proxy inside the container: whom it refuses by itself, and that the host decides about all others."""

import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.runner.proxies.support import PROXY_VARIABLES, Runner, curl


class Way:
    """The proxy; at the link's far end is the test."""

    def __init__(self) -> None:
        (heard, runners_output), (runners_input, self._said) = os.pipe(), os.pipe()
        self.runner = Runner(runners_input, runners_output)
        self._heard = os.fdopen(heard, "rb")

    def get(self, path: str, *arguments: str) -> Any:
        return curl(self.runner.proxy, f"http://named.example{path}", *arguments)

    def heard(self) -> dict[str, Any]:
        return dict(json.loads(self._heard.readline()))

    def say(self, **frame: Any) -> None:
        os.write(self._said, json.dumps(frame).encode() + b"\n")

    def close(self) -> None:
        self.runner.stop()
        os.close(self._said)
        self.runner.join()
        self._heard.close()


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    for name in PROXY_VARIABLES:
        monkeypatch.setenv(name, "")
    found = Way()
    yield found
    found.close()


def test_between_turns_nothing_is_reached(way: Way) -> None:
    way.runner.call(way.runner.egress.shut)
    assert "No turn is in progress" in way.get("/").stdout


@pytest.mark.parametrize("request_", [b"GET / HTTP/1.1", b"CONNECT pypi.org HTTP/1.1", b"GET ftp://x/ HTTP/1.1", b"x"])
def test_what_is_no_proxy_request_gets_400(way: Way, request_) -> None:
    with socket.create_connection(("127.0.0.1", int(way.runner.proxy.rpartition(":")[2])), timeout=30) as client:
        client.sendall(request_ + b"\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400")


def test_whom_the_host_refuses_is_told_its_sentence(way: Way) -> None:
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(way.get, "/")
        wanted = way.heard()
        assert (wanted["type"], wanted["host"], wanted["port"]) == ("tunnel_open", "named.example", 80)
        way.say(type="tunnel_close", id=wanted["id"], status=403, error="Not on the list.")
        assert asking.result().stdout == "Not on the list.\n"
