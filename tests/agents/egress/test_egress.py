"""The way out: curl, the runner's proxy, a link, the host's side, and a server on this machine."""

import asyncio
import ipaddress
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model
from ngb_runner.link.link import listen, open_link
from ngb_runner.proxies import egress as runner_egress

from apps.agents.egress.egress import FRAMES, Egress
from apps.agents.egress.tunnel import Tunnel
from apps.agents.link.link import Link
from apps.agents.models import APPROVE, Question, Run
from apps.agents.questions import questions
from apps.chats.models import Group, Incident
from tests.fakes.page import BIG
from tests.waiting import until


class Pipes:
    """A link's byte stream over two pipes."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def read(self) -> bytes:
        return os.read(self._incoming, 65536)

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._outgoing, rest) :]

    def close(self) -> None:
        """The test closes the pipes, from the runner's end on."""


class Runner:
    """The runner's half in a thread of its own, with a real link."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.proxy = ""
        self._incoming, self._outgoing = incoming, outgoing
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._hung_up = asyncio.Event()
        link = await open_link(self._outgoing)
        self.egress = runner_egress.Egress(link)
        await listen(self._incoming, self.egress.receive, self._hung_up)  # type: ignore[arg-type]
        await self.egress.listen()
        self.proxy, self.egress.opened = os.environ["HTTP_PROXY"], True
        self._ready.set()
        await self._stop.wait()
        await self.egress.close()
        link.close()
        await asyncio.wait_for(self._hung_up.wait(), 30)
        await asyncio.sleep(0)

    def call(self, function: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        self.call(self._stop.set)

    def join(self) -> None:
        self._thread.join(30)


class Way:
    """What a test holds of the whole way."""

    def __init__(self, run: Run, port: int, address: str) -> None:
        (hosts_input, runners_output), (runners_input, self._hosts_output) = os.pipe(), os.pipe()
        self._hosts_input = hosts_input
        self.runner = Runner(runners_input, runners_output)
        self.link = Link(Pipes(hosts_input, self._hosts_output), self._take)
        self.host = Egress(self.link, run)
        self.address, self.port = address, port

    def _take(self, frame) -> None:
        if isinstance(frame, dict) and frame["type"] in FRAMES:
            self.host.take(frame)

    def curl(self, url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["curl", "-sS", "--noproxy", "", "--max-time", "50", "--proxy", self.runner.proxy, *arguments, url]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def get(self, path: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.curl(f"http://{self.address}:{self.port}{path}", *arguments)

    def close(self) -> None:
        self.host.close()
        self.runner.stop()
        os.close(self._hosts_output)
        self.runner.join()
        self.link.close()
        os.close(self._hosts_input)


@pytest.fixture
def way(say, group: Group, server, settings, monkeypatch) -> Iterator[Way]:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "http_proxy",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
        "NODE_USE_ENV_PROXY",
    ):
        monkeypatch.setenv(name, "")
    address, port = server.server_address[:2]
    settings.EGRESS_ALLOW_PRIVATE = [ipaddress.ip_network(address)]
    group.network, group.allowed_domains = Group.Network.ALLOWLIST, [f"{address}:{port}"]
    run = say("hello")
    run.session.group = group
    found = Way(run, port, address)
    yield found
    found.close()


def test_a_named_host_is_reached_plainly_and_through_a_tunnel(way: Way) -> None:
    assert way.get("/a?b=c").stdout == f"/a?b=c {way.address}:{way.port}\n"
    assert way.get("/d", "--proxytunnel").stdout == f"/d {way.address}:{way.port}\n"
    assert way.host.visits[f"{way.address}:{way.port}"].connections == 2


@pytest.mark.parametrize("tunnel", [[], ["--proxytunnel"]])
def test_more_than_a_window_passes_both_ways(way: Way, tmp_path, tunnel) -> None:
    (tmp_path / "body").write_bytes(b"y" * BIG)
    assert len(way.get("/big", *tunnel).stdout) == BIG
    assert way.get("/", *tunnel, "--data-binary", f"@{tmp_path / 'body'}").stdout == f"{BIG} bytes came\n"


def test_a_host_off_the_list_is_refused_with_a_sentence_and_told_once(way: Way) -> None:
    for _ in range(2):
        refused = way.curl("https://pypi.org/", "-v")
        assert "403 pypi.org port 443 is not on this group's list of hosts." in refused.stderr
    assert "not on this group's list" in way.curl("http://pypi.org/").stdout
    assert Incident.objects.get(kind="refused host", sentence__contains="port 443").times == 1


@pytest.mark.parametrize(
    ("rule", "url", "reason"),
    [
        ("localhost", "http://localhost/", "loopback"), ("127.0.0.1", "http://127.0.0.1/", "loopback"),
        ("169.254.169.254", "http://169.254.169.254/latest/meta-data/", "metadata"),
        ("[::ffff:169.254.169.254]", "http://[::ffff:a9fe:a9fe]/", "not an address of the public internet"),
        ("10.0.0.1", "https://10.0.0.1/", "private"), ("127.1", "http://127.1/", "127.0.0.1 port 80 is not"),
        ("0x7f.1", "http://0x7f.1/", "127.0.0.1 port 80 is not"),
        ("pypi.org", "https://pypi.org:22/", "not on this group's list"),
    ],
)  # fmt: skip
def test_the_inside_is_refused_even_where_it_is_named(way: Way, group: Group, rule, url, reason) -> None:
    group.allowed_domains = [rule]
    assert reason in way.curl(url, "-v").stderr + way.curl(url).stdout


def test_a_sealed_group_reaches_nothing_whatever_its_runner_asks(way: Way, group: Group) -> None:
    group.network = Group.Network.SEALED
    assert "sealed" in way.get("/").stdout


def test_a_host_off_the_list_is_reached_when_an_admin_approves_and_asked_for_once(way: Way, group: Group) -> None:
    group.allowed_domains, group.approve_hosts = [], True
    Run.objects.update(status=Run.Status.RUNNING, worker="w", attempt=1)
    way.host._run.refresh_from_db()
    way.host._run.session.group = group
    admin = get_user_model().objects.create_superuser("ann")
    with ThreadPoolExecutor() as pool:
        asking = [pool.submit(way.get, f"/{number}") for number in range(3)]
        question = until(Question.objects.first)
        assert f"{way.address}:{way.port}" in question.text
        assert questions.answer(question, APPROVE, user=admin) == ""
        assert [asked.result().stdout[:3] for asked in asking] == ["/0 ", "/1 ", "/2 "]
    assert Question.objects.count() == 1
    assert "metadata" not in way.curl("http://169.254.169.254/").stdout  # nobody was asked
    assert Question.objects.count() == 1


def test_between_turns_nothing_is_reached(way: Way) -> None:
    way.runner.call(way.runner.egress.shut)
    assert "No turn is in progress" in way.get("/").stdout


def test_the_end_of_a_turn_cuts_what_is_open_and_the_history_says_where_it_was(way: Way, own_address) -> None:
    with socket.create_server((own_address, 0)) as silent:
        way.host._run.group.allowed_domains = [f"{own_address}:{silent.getsockname()[1]}"]
        curl = threading.Thread(target=way.curl, args=(f"http://{own_address}:{silent.getsockname()[1]}/",))
        curl.start()
        with silent.accept()[0] as connection:
            assert connection.recv(100)
            way.runner.call(way.runner.egress.shut)
            connection.settimeout(30)
            while connection.recv(1000):
                pass  # until its end
        curl.join(30)
    way.host.note()
    step = way.host._run.steps.get()
    assert (step.kind, step.detail.count("\n")) == ("network", 0)
    assert step.summary.startswith("The network: 1 hosts")


def test_a_history_that_another_worker_writes_by_now_is_left_to_it(way: Way) -> None:
    way.get("/")
    run = Run.objects.get(pk=way.host._run.pk)
    assert run.claim("another worker")

    way.host.note()
    assert not run.steps.exists()


def test_a_run_has_a_limit_which_is_said(way: Way, settings) -> None:
    settings.EGRESS_LIMIT_MB = 1
    assert way.get("/big").returncode != 0
    assert "1 MiB" in way.get("/").stdout
    assert Incident.objects.filter(sentence__contains="has moved 1 MiB").count() == 1


def test_a_client_that_reads_slowly_holds_up_nobody(way: Way) -> None:
    with socket.create_connection(("127.0.0.1", int(way.runner.proxy.rpartition(":")[2]))) as slow:
        slow.sendall(f"GET http://{way.address}:{way.port}/big HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert way.get("/quick").stdout.startswith("/quick")
        received = 0
        while data := slow.recv(65536):
            received += len(data)
        assert received > BIG


def test_many_refused_hosts_become_few_incidents(way: Way) -> None:
    for number in range(30):
        way.host.take({"type": "tunnel_open", "id": f"x{number}", "host": f"h{number}.example", "port": 443})
        while f"x{number}" in way.host._tunnels:
            threading.Event().wait(0.005)
    assert Incident.objects.filter(kind="refused host").count() == 21


@pytest.mark.parametrize("request_", [b"GET / HTTP/1.1", b"CONNECT pypi.org HTTP/1.1", b"GET ftp://x/ HTTP/1.1", b"x"])
def test_what_is_no_proxy_request_gets_400(way: Way, request_) -> None:
    with socket.create_connection(("127.0.0.1", int(way.runner.proxy.rpartition(":")[2])), timeout=30) as client:
        client.sendall(request_ + b"\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "frame",
    [{"port": float("inf")}, {"port": "443"}, {"port": None}, {"type": "tunnel_credit", "id": "x"}, {}],
)  # fmt: skip
def test_a_frame_that_is_wrong_is_told_from_a_broken_service(way: Way, frame) -> None:
    way.host._tunnels["x"] = tunnel = Tunnel("x", way.link, lambda _sent, _received: None)
    with pytest.raises((KeyError, ValueError)):
        way.host.take({"type": "tunnel_open", "id": "y", "host": "pypi.org"} | frame)
    tunnel.close()


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
