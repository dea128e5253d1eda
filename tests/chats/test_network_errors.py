"""Why a server cannot be reached: each reason as it happens on a real connection."""

import socket

import httpx
import pytest

from apps.chats.network_errors import why
from tests.fakes.raw_server import RawServer, certificate


def reason(url, timeout=60):
    with pytest.raises(httpx.TransportError) as raised:
        httpx.get(url, timeout=timeout)
    return why(raised.value)


def test_nobody_listens_there():
    assert reason("http://127.0.0.1:9") == "connection refused"


def test_the_name_does_not_exist():
    assert "name" in reason("http://nowhere.invalid")


def test_nothing_is_said_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert reason(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=1) == "no answer in time"


def test_the_certificate_is_not_valid(tmp_path):
    server = RawServer(b"", tls=certificate(tmp_path))
    assert reason(f"https://{server.host}").startswith("its certificate is not valid: self-signed certificate")
    server.close()


def test_tls_is_spoken_to_a_port_without_it():
    server = RawServer(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert reason(f"https://{server.host}").startswith("no TLS is spoken there")
    server.close()


def test_what_has_no_words_is_called_by_its_name():
    assert why(httpx.RemoteProtocolError("postgres://user:secret@host")) == "RemoteProtocolError"
