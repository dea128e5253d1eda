"""A runner in the agent's hands that talks without end: it is slowed down, cut off and told of."""

import base64
import threading
import time
from typing import Any

import pytest

from apps.agents.billing.ledger import Ledger
from apps.agents.gateway.gateway import MAX_HELD, Gateway
from apps.agents.link import throttle
from apps.agents.link.throttle import Pace
from apps.agents.models import Run, Session
from apps.agents.runs.execution import execute
from apps.chats.models import Incident
from tests.agents.support import HeardLink, request, settle
from tests.attacks.support import call
from tests.waiting import in_thread, until

FLOODS = {
    "logs": 'say(type="log", level="error", message="x" * 500)',
    "deltas": 'say(type="delta", text="y" * 300_000)',
    "steps": 'say(type="step", kind="tool", summary="z" * 1000, detail="z" * 10_000)',
    "tool calls": 'say(type="tool_call", id="1", name="list_chats", input={})',
    "model calls": 'say(type="http_request", id=str(time.time()), method="GET", path="/", headers={}, body="")',
    "bodies": 'say(type="http_body", id="none", data="A" * 400_000, last=False)',
    "permissions": 'say(type="permission", id="p", tool="Bash", input={})',
    "tunnels": 'say(type="tunnel_open", id=str(time.time()), host="example.org", port=443)',
    "blank lines": 'raw(b"\\n" * 60_000)',
}
DEAF = """
import os, threading, time
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
"""


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(throttle, "FLOOD", 1.0)
    monkeypatch.setattr(throttle, "MOST_LINES", 500)


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_ends_its_turn_in_words_and_another_group_is_answered_meanwhile(kind, say, office, runner):
    # One package serves both: it floods only where it is asked to.
    runner(f'{DEAF}\nwhile "flood" in prompt["text"]:\n    {FLOODS[kind]}\nresult()\ntime.sleep(60)')
    run = say("flood")
    flooding = in_thread(execute, run.pk)
    until(lambda: not Run.objects.filter(pk=run.pk, status=Run.Status.QUEUED).exists())
    other, at = call(office, "hello"), time.monotonic()
    execute(other.pk)
    took = time.monotonic() - at
    flooding.join(60)

    other.refresh_from_db()
    run.refresh_from_db()
    assert (other.status, other.error) == (Run.Status.SUCCEEDED, "")
    assert took < 20
    assert (run.status, run.error) == (Run.Status.FAILED, throttle.SENTENCE)
    assert Incident.objects.filter(kind="failed run", subject="team", sentence=throttle.SENTENCE).exists()


def test_who_talks_as_a_model_does_is_never_held_back():
    one = Pace()
    for _ in range(400):
        one.keep(b'{"type":"delta"}\n')
    assert one._held == 0
    assert not one.is_flood


def test_who_waits_is_let_go_when_the_link_is_closed():
    one = Pace()
    waiting = threading.Thread(target=one.keep, args=(b"\n" * 100_000,))
    waiting.start()
    one.end()
    waiting.join(30)
    assert not waiting.is_alive()


@pytest.fixture
def gateway(group, api, settings):
    settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL = "sk-ant-the-real-key", api.url
    link: Any = HeardLink()
    refusals: list[str] = []
    one = Gateway(link, on_refusal=refusals.append, ledger=Ledger(Run(session=Session(group=group))))
    yield one, link
    one.close()


def test_requests_that_never_end_hold_no_more_than_so_much(gateway):
    one, link = gateway
    piece = base64.b64encode(b"x" * 12 * 1024 * 1024).decode()
    for number in range(8):
        one.take(request(str(number), body={}, more=True))
    for number in range(6):
        one.take({"type": "http_body", "id": str(number), "data": piece, "last": False})
    assert link.ended("5")[0] == 413
    assert sum(len(call.body) for call in one._calls.values()) <= MAX_HELD


def test_a_request_that_was_given_up_makes_room(gateway):
    one, link = gateway
    for number in range(9):
        one.take(request(str(number), more=True))
        one.take({"type": "http_cancel", "id": str(number)})
    one.take(request("good"))
    assert link.ended("good")[0] == 200
    settle(one)


def test_one_name_is_good_for_one_request(gateway):
    one, _ = gateway
    one.take(request("1", more=True))
    with pytest.raises(ValueError, match="a second request"):
        one.take(request("1"))
