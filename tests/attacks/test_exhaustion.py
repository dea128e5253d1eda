"""Who eats all that there is, eats only what is its own: another group is answered meanwhile, and an incident tells."""

import threading
import time
from collections.abc import Callable

import pytest

from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import disk_quota, reaper
from apps.chats.models import Chat, Group, Incident
from apps.chats.workspace.folders import workspace
from tests.attacks.support import Inside, call
from tests.fakes.messages_api import Text
from tests.waiting import in_thread, until

pytestmark = pytest.mark.docker
BOUND = 20.0  # seconds for a cold start and an answer while the other group attacks; two cores do it in two to four

MEMORY = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        eaten = []
        while True:
            eaten.append(bytearray(16 * 1024 * 1024))
for _ in range(4):
    print("killed" if os.WIFSIGNALED(os.wait()[1]) else "lives")
"""
PROCESSES = """
import os, time
made = []
try:
    while True:
        child = os.fork()
        if child == 0:
            time.sleep(1000)
        made.append(child)
except OSError as error:
    print("refused after", len(made), error.strerror)
for child in made[-20:]:  # without room for a thread the command line would not live to tell of the rest
    os.kill(child, 9)
    os.waitpid(child, 0)
"""
DISK = """
import os, time
def fill(folder):
    names = [f"{folder}/fill{number}" for number in range(40)]
    try:
        for name in names:
            with open(name, "wb") as file:
                for _ in range(16):
                    file.write(bytes(1024 * 1024))
    except OSError as error:
        print(folder, error.strerror, file=log, flush=True)
    return names
log = open("/workspace/group/full", "w")
for folder in ("/tmp", "/dev/shm"):
    for name in fill(folder):
        if os.path.exists(name):
            os.unlink(name)
fill("/workspace/group")
fill("/home/agent/.claude")
time.sleep(60)
"""
CALLS = """
import http.client, os, threading, urllib.parse
from collections import Counter
url = urllib.parse.urlsplit(os.environ["ANTHROPIC_BASE_URL"])
found = Counter()
body = '{"model": "claude-haiku-4-5", "max_tokens": 10, "messages": [{"role": "user", "content": "flood"}]}'
def call():
    try:
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=40)
        connection.request("POST", "/v1/messages", body, {"content-type": "application/json"})
        found[connection.getresponse().status] += 1
    except OSError as error:
        found[type(error).__name__] += 1
for _ in range(10):
    threads = [threading.Thread(target=call) for _ in range(100)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
print(dict(found))
"""


@pytest.fixture
def beside(inside: Inside, office: Chat) -> Callable[..., str]:
    """The attack's output; the office's turn goes on while it does, and must be answered in time."""

    def attack(program: str, *, begun: Callable[[], bool], error: str | None = "") -> str:
        said: list[str] = []
        attacker = in_thread(lambda: said.append(inside(program, error=error)))
        until(begun, 60)
        run, at = call(office), time.monotonic()
        execute(run.pk)
        took = time.monotonic() - at
        attacker.join(120)
        run.refresh_from_db()
        assert (run.status, run.error) == (Run.Status.SUCCEEDED, "")
        assert took < BOUND
        assert said, "the attacker's own turn did not end as expected"
        return said[0]

    return attack


def told(kind: str) -> list[str]:
    return list(Incident.objects.filter(kind=kind, subject="team").values_list("sentence", flat=True))


def attacks(sealed) -> Callable[[], bool]:
    """The model was asked for the first time: the agent's program begins about now."""
    return lambda: bool(sealed.turns)


def test_memory_is_the_groups_own(beside, sealed, group):
    Group.objects.filter(pk=group.pk).update(memory_mb=512)
    beside(MEMORY, begun=attacks(sealed), error=None)  # the kernel may choose the command line itself

    assert "512 MiB of memory" in told("exhausted container")[0]


def test_processes_are_the_groups_own_and_the_next_turn_finds_them_again(beside, inside, sealed, group):
    Group.objects.filter(pk=group.pk).update(pids=96)
    said = beside(PROCESSES, begun=attacks(sealed))

    assert "Resource temporarily unavailable" in said
    assert "up to 96 may run" in told("exhausted container")[0]
    assert [found["Labels"]["ngb.group"] for found in reaper.containers_of_this_install()] == ["office"]
    assert inside("print(6 * 7)") == "42"


def test_a_full_disk_ends_the_turn_and_nobody_elses(beside, sealed, group, monkeypatch):
    monkeypatch.setattr(disk_quota, "EVERY", 2.0)
    Group.objects.filter(pk=group.pk).update(disk_quota_mb=128)
    beside(DISK, begun=attacks(sealed), error="more than its quota of 128 MiB")

    full = (workspace(group) / "full").read_text()
    assert "/tmp No space left on device" in full
    assert "/dev/shm No space left on device" in full
    assert "quota of 128 MiB" in told("disk quota")[0]


def test_a_thousand_model_calls_at_once_are_mostly_turned_away(beside, sealed, group):
    released = threading.Event()

    def slowly(request):
        if "flood" in str(request.body["messages"]):
            released.wait(0.2)
            return Text("no")
        return None

    sealed.answer = slowly
    said = eval(beside(CALLS, begun=attacks(sealed)))

    assert sum(said.values()) == 1000
    assert said.get(429, 0) + said.get(503, 0) > 500
    assert said.get(200, 0) > 0
    assert "model calls at once" in " ".join(told("flood"))
