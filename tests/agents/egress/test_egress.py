"""The way out: curl, the runner's proxy, a link, the host's side, and a server on this machine."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model

from apps.agents.egress.tunnel import Tunnel
from apps.agents.models import APPROVE, Question, Run
from apps.agents.questions import questions
from apps.chats.models import Group, Incident
from tests.agents.egress.support import Way
from tests.waiting import until


def test_a_named_host_is_reached_plainly_and_through_a_tunnel(way: Way) -> None:
    assert way.get("/a?b=c").stdout == f"/a?b=c {way.address}:{way.port}\n"
    assert way.get("/d", "--proxytunnel").stdout == f"/d {way.address}:{way.port}\n"
    assert way.host.visits[f"{way.address}:{way.port}"].connections == 2


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


def test_many_refused_hosts_become_few_incidents(way: Way) -> None:
    for number in range(30):
        way.host.take({"type": "tunnel_open", "id": f"x{number}", "host": f"h{number}.example", "port": 443})
        while f"x{number}" in way.host._tunnels:
            threading.Event().wait(0.005)
    assert Incident.objects.filter(kind="refused host").count() == 21


@pytest.mark.parametrize(
    "frame",
    [{"port": float("inf")}, {"port": "443"}, {"port": None}, {"type": "tunnel_credit", "id": "x"}, {}],
)  # fmt: skip
def test_a_frame_that_is_wrong_is_told_from_a_broken_service(way: Way, frame) -> None:
    way.host._tunnels["x"] = tunnel = Tunnel("x", way.link, lambda _sent, _received: None)
    with pytest.raises((KeyError, ValueError)):
        way.host.take({"type": "tunnel_open", "id": "y", "host": "pypi.org"} | frame)
    tunnel.close()
