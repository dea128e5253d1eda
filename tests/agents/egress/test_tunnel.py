"""One connection to the outside: as much as wanted passes, no more than a window waits."""

import socket

import pytest

from tests.agents.egress.support import Way
from tests.fakes.page import BIG
from tests.waiting import until


@pytest.mark.parametrize("tunnel", [[], ["--proxytunnel"]])
def test_more_than_a_window_passes_both_ways(way: Way, tmp_path, tunnel) -> None:
    (tmp_path / "body").write_bytes(b"y" * BIG)
    assert len(way.get("/big", *tunnel).stdout) == BIG
    assert way.get("/", *tunnel, "--data-binary", f"@{tmp_path / 'body'}").stdout == f"{BIG} bytes came\n"


def test_a_client_that_reads_slowly_holds_up_nobody(way: Way) -> None:
    with socket.create_connection(("127.0.0.1", int(way.runner.proxy.rpartition(":")[2]))) as slow:
        slow.sendall(f"GET http://{way.address}:{way.port}/big HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert way.get("/quick").stdout.startswith("/quick")
        received = 0
        while data := slow.recv(65536):
            received += len(data)
        assert received > BIG


def test_a_runner_that_ignores_the_window_loses_its_connection(way: Way, own_address) -> None:
    with socket.create_server((own_address, 0)) as silent:
        port = silent.getsockname()[1]
        way.host._run.group.allowed_domains = [f"{own_address}:{port}"]
        way.host.take({"type": "tunnel_open", "id": "x", "host": own_address, "port": port})
        with silent.accept()[0]:
            tunnel = way.host._tunnels["x"]
            for _ in range(400):
                tunnel.take(b"z" * 65536)
            until(lambda: "x" not in way.host._tunnels)
            assert len(tunnel._pending) <= 262_144
