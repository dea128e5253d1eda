"""The metadata address, loopback, private hosts, names that lead there: tried from inside, in all three networks."""

import ipaddress
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from apps.agents.runs.execution import execute
from apps.chats.models import Group, Incident
from tests.attacks.support import Inside
from tests.attacks.test_identity import forged, heard

SECRET = "what-only-this-machine-may-read"

KNOCK = """
import os, socket, urllib.parse
proxy = urllib.parse.urlsplit(os.environ.get("HTTP_PROXY", ""))

def ask(connection, host, port):
    connection.sendall(f"GET / HTTP/1.1\\r\\nHost: {host}:{port}\\r\\nConnection: close\\r\\n\\r\\n".encode())
    return b"".join(iter(lambda: connection.recv(4096), b"")).decode(errors="replace")

def direct(host, port):
    with socket.create_connection((host, port), timeout=15) as connection:
        return ask(connection, host, port)

def through(host, port):
    with socket.create_connection((proxy.hostname, proxy.port), timeout=20) as connection:
        shown = f"[{host}]" if ":" in host else host
        connection.sendall(f"CONNECT {shown}:{port} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n".encode())
        head = connection.recv(4096).decode(errors="replace")
        return head if " 200 " not in head.splitlines()[0] else ask(connection, host, port)

def listener(host, port):
    model = urllib.parse.urlsplit(os.environ["ANTHROPIC_BASE_URL"])
    with socket.create_connection((model.hostname, model.port), timeout=20) as connection:
        connection.sendall(f"GET http://{host}:{port}/ HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n".encode())
        return connection.recv(4096).decode(errors="replace")

def knock(way, host, port):
    try:
        said = way(host, port)
    except OSError as error:
        said = type(error).__name__
    print(way.__name__, host, "READ" if SECRET in said else said.splitlines()[0][:150] if said else "nothing")
"""


@pytest.fixture
def loopback() -> Iterator[int]:
    """A service on this machine's own loopback address: its port."""
    yield from _serving("127.0.0.1")


@pytest.fixture
def neighbour(own_address: str) -> Iterator[int]:
    """A service at the machine's address in its private network."""
    yield from _serving(own_address)


def _serving(address: str) -> Iterator[int]:
    with ThreadingHTTPServer((address, 0), Secret) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class Secret(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SECRET.encode())

    def log_message(self, *_arguments: object) -> None:
        """Nothing to standard error."""


@pytest.fixture
def names(monkeypatch) -> dict[str, list[list[str]]]:
    """A name server of the attacker's: the answers of a name, one after the other; the last one stays."""
    answers: dict[str, list[list[str]]] = {}
    asked: dict[str, int] = defaultdict(int)
    real = socket.getaddrinfo

    def resolve(host, port, *arguments, **more):
        if host not in answers:
            return real(host, port, *arguments, **more)
        given = answers[host][min(asked[host], len(answers[host]) - 1)]
        asked[host] += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in given]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return answers


def program(*knocks: str) -> str:
    return "\n".join([f"SECRET = {SECRET!r}", KNOCK, *knocks])


OWN = """
import http.server, threading
http.server.SimpleHTTPRequestHandler.log_message = lambda *_: None
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("own", end=" ")
knock(direct, "127.0.0.1", server.server_port)
print("proxy", proxy.netloc or "none")
"""


@pytest.mark.docker
def test_a_sealed_agent_reaches_nothing_at_all(inside: Inside, loopback: int, neighbour: int, own_address: str):
    metadata = [("169.254.169.254", 80), ("metadata.google.internal", 80)]
    targets = [("127.0.0.1", loopback), (own_address, neighbour), *metadata]
    knocks = [f"knock({way}, {host!r}, {port})" for host, port in targets for way in ("direct", "listener")]
    *found, own, proxy = inside(program(*knocks, OWN)).splitlines()

    unreachable = ("ConnectionRefusedError", "OSError", "gaierror")
    assert all(line.endswith(unreachable) for line in found if line.startswith("direct")), found
    assert all(" 404 " in line for line in found if line.startswith("listener")), found
    assert len(found) == 8
    assert "200 OK" in own  # sockets work in there
    assert proxy == "proxy none"


def test_nor_does_a_runner_in_the_agents_hands(say, runner, loopback):
    opened = [{"type": "tunnel_open", "id": f"t{port}", "host": "127.0.0.1", "port": port} for port in (loopback, 80)]
    runner(forged(*opened, answered="tunnel_open"))
    run = say("go")
    execute(run.pk)

    assert all("network is sealed" in step for step in heard(run))
    assert len(heard(run)) == 2
    assert Incident.objects.get(kind="refused host", subject="team").times == 2


@pytest.mark.docker
def test_a_list_of_hosts_leads_to_public_addresses_only(
    inside, group, names, loopback, neighbour, own_address, settings
):
    rebinding = "rebinding.example"
    names |= {
        "inner.example": [["127.0.0.1"]],
        "private.example": [["10.1.2.3"]],
        "cloud.example": [["169.254.169.254"]],
        "both.example": [["127.0.0.1", own_address]],
        rebinding: [[own_address], ["127.0.0.1"]],
    }
    settings.EGRESS_ALLOW_PRIVATE = [ipaddress.ip_network(own_address)]  # it plays the public host
    ports = [loopback, neighbour, 80]
    hosts = [*names, "127.0.0.1", "169.254.169.254", "localhost", "2130706433", "0x7f000001", "127.1", "::1"]
    Group.objects.filter(pk=group.pk).update(
        network="allowlist", allowed_domains=[f"{host}:{port}" for host in names for port in ports]
    )
    refused = [host for host in hosts if host not in (rebinding, "both.example")]
    said = inside(
        program(
            f"knock(through, {rebinding!r}, {neighbour})",
            f"print('again', end=' '); knock(through, {rebinding!r}, {loopback})",
            f"knock(through, 'both.example', {neighbour})",
            *[f"knock(through, {host!r}, {loopback})" for host in refused],
            "knock(through, 'metadata.google.internal', 80)",
            f"knock(direct, '127.0.0.1', {loopback})",
        )
    ).splitlines()

    assert said[0] == f"through {rebinding} READ"  # the counterpart: an address that may be reached
    assert said[1].startswith(f"again through {rebinding} HTTP/1.1 403")
    assert "loopback" in said[1]
    assert said[2] == "through both.example READ"  # at the one address of the two
    assert len(said) == 5 + len(refused)
    assert all(" 403 " in line or " 400 " in line for line in said[3:-1]), said
    assert said[-1] == "direct 127.0.0.1 ConnectionRefusedError"
    assert Incident.objects.filter(kind="refused host", subject="team").count() > 5


UNDO = """
import subprocess
undone = ["/opt/agent/venv/bin/python", "-I", "-m", "ngb_runner.routes", "192.0.2.0/24", "10.0.0.0/8"]
print("undo", subprocess.run(undone, capture_output=True, text=True).stderr.strip().splitlines()[-1])
"""
BESIDE = """
def beside(host, port):  # by a socket that looks at no routes but those to the next machine
    with socket.socket() as connection:
        connection.settimeout(15)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)
        connection.connect((host, port))
        return ask(connection, host, port)
"""


@pytest.mark.docker
def test_an_open_network_ends_where_it_becomes_private(inside, group, loopback, neighbour, own_address, settings):
    Group.objects.filter(pk=group.pk).update(network="open")
    gateway = "socket.inet_ntoa(bytes.fromhex(open('/proc/net/route').read().split()[13])[::-1])"
    knocks = [
        f"knock(direct, {own_address!r}, {neighbour})",
        "knock(direct, '169.254.169.254', 80)",
        "knock(direct, '10.1.2.3', 80)",
        f"knock(direct, {gateway}, {neighbour})",  # this machine, on the bridge
        f"knock(beside, {gateway}, {neighbour})",
        f"knock(direct, '127.0.0.1', {loopback})",
    ]
    *refused, own = inside(program(UNDO, BESIDE, *knocks)).splitlines()
    assert refused[0].startswith("undo PermissionError")
    assert [line.split()[-1] for line in refused[1:]] == ["PermissionError"] * 5, refused
    assert own == "direct 127.0.0.1 ConnectionRefusedError"

    settings.EGRESS_ALLOW_PRIVATE = [ipaddress.ip_network(own_address), ipaddress.ip_network("169.254.0.0/16")]
    opened, metadata, *_ = inside(program(BESIDE, *knocks)).splitlines()
    assert opened == f"direct {own_address} READ"  # the counterpart: what the operator opened
    assert metadata == "direct 169.254.169.254 PermissionError"
