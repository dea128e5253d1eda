"""Model calls between a link and the stub of the model: the key is added here, and nothing else gets through."""

import base64
import json
import threading

import pytest

from apps.agents.billing.ledger import Ledger
from apps.agents.gateway.gateway import MAX_AT_ONCE, MAX_BODY, MAX_TOLD, Gateway
from apps.agents.models import Run, Session
from apps.agents.providers import failover, pool
from tests.agents.support import QUESTION, HeardLink, request, settle
from tests.fakes.messages_api import BrokenStream, Failure, Text


def test_the_key_is_ours_and_the_agents_own_is_dropped(gateway, link, api):
    gateway.take(request(headers={"cookie": "a=b", "x-custom": "c"}))

    assert link.ended("1")[0] == 200
    headers = api.requests[0].headers
    assert headers["x-api-key"] == "sk-ant-the-real-key"
    assert not {"authorization", "cookie", "x-custom"} & set(headers)
    assert "sk-ant-the-real-key" not in str(link.frames)


def test_an_agent_cannot_ask_for_what_is_dearer(gateway, link, api):
    gateway.take(request(headers={"anthropic-beta": "interleaved-thinking-2025-05-14, fast-mode-2026-02-01"}))

    assert link.ended("1")[0] == 200
    assert api.requests[0].headers["anthropic-beta"] == "interleaved-thinking-2025-05-14"
    gateway.take(request("2", headers={"anthropic-beta": "fast-mode-2026-02-01"}))
    assert link.ended("2")[0] == 200
    assert "anthropic-beta" not in api.requests[1].headers  # an empty one would be refused


def test_an_oauth_token_goes_as_a_bearer(gateway, link, api, settings):
    settings.ANTHROPIC_API_KEY = ""
    settings.CLAUDE_CODE_OAUTH_TOKEN = "sk-ant-oat-token"
    gateway.take(request(headers={"anthropic-beta": "something"}))

    assert link.ended("1")[0] == 200
    headers = api.requests[0].headers
    assert headers["authorization"] == "Bearer sk-ant-oat-token"
    assert "x-api-key" not in headers
    assert headers["anthropic-beta"] == "something,oauth-2025-04-20"


def test_a_stream_arrives_piece_by_piece_and_is_counted(gateway, ledger, link, api):
    heard = threading.Event()
    api.script(Text("one two three", pieces=3, input_tokens=7, output_tokens=9, held=heard))
    gateway.take(request())
    with link.changed:
        assert link.changed.wait_for(lambda: link._of("1", "http_chunk"), 30)
    assert not link._of("1", "http_end")
    heard.set()

    link.ended("1")
    settle(gateway)
    assert (ledger.total.input_tokens, ledger.total.output_tokens) == (7, 9)
    assert ledger.total.cost_usd > 0


def test_an_upstream_error_passes_intact(gateway, link, api, refusals):
    api.script(Failure(529, "we are full"))
    gateway.take(request())

    status, body, error = link.ended("1")
    assert (status, error, refusals) == (529, None, [])
    assert json.loads(body)["error"]["message"] == "we are full"


def test_a_refused_key_is_said_to_whoever_can_end_the_run(gateway, link, api, refusals):
    api.script(Failure(401, "invalid x-api-key"))
    gateway.take(request())

    assert link.ended("1")[0] == 401
    assert refusals == ["The model refused: invalid x-api-key. Check ANTHROPIC_API_KEY in .env."]


def test_whoever_can_end_the_run_hears_of_it_before_the_agent_does(gateway, link, api, refusals):
    api.script(Failure(401, "invalid x-api-key"))
    known, send = [], link.send

    def listening(type_, **fields):
        known.append((type_, len(refusals)))
        send(type_, **fields)

    link.send = listening
    gateway.take(request())

    link.ended("1")
    assert known[-1] == ("http_end", 1)


def test_a_broken_stream_is_ended_and_not_begun_anew(gateway, link, api):
    api.script(BrokenStream(kind=None))
    gateway.take(request())

    link.ended("1")
    assert len(link._of("1", "http_response")) == 1


def test_a_model_that_cannot_be_reached_is_an_error_in_the_apis_form(gateway, link, settings):
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    gateway.take(request())

    status, body, _ = link.ended("1")
    assert status == 504
    assert json.loads(body)["error"]["message"] == "The model cannot be reached: connection refused."


def test_calls_at_once_share_one_client(gateway):
    begin, made = threading.Barrier(8), []

    def call():
        begin.wait(30)
        made.append(failover.upstream())

    callers = [threading.Thread(target=call) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    assert len(made) == 8
    assert len(set(map(id, made))) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/files"),
        ("GET", "/v1/messages"),
        ("POST", "//evil.example/v1"),
        ("POST", f"/v1/messages?{'x' * 1000}"),
        ("POST", "/v1/messages?\r\nx-api-key: mine"),
        ("POST", "/v1/messages?\u00e9"),
    ],
)
def test_other_calls_are_refused(gateway, link, api, method, path):
    gateway.take(request(method=method, path=path))

    assert link.ended("1")[0] == 404
    assert api.requests == []


def test_an_agent_whose_calls_fail_without_end_fills_no_log(gateway, link, settings, caplog):
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    for number in range(3 * MAX_TOLD):
        gateway.take(request(str(number)))
        assert link.ended(str(number))[0] == 504

    assert sum("model call" in record.getMessage() for record in caplog.records) == MAX_TOLD


def test_a_body_that_comes_in_pieces_is_put_together(gateway, link, api):
    whole = json.dumps(QUESTION).encode()
    first = base64.b64encode(whole[:10]).decode()
    gateway.take(request() | {"body": first, "more": True})
    gateway.take({"type": "http_body", "id": "1", "data": base64.b64encode(whole[10:]).decode(), "last": True})

    assert link.ended("1")[0] == 200
    assert api.requests[0].body == QUESTION


def test_a_body_without_end_is_refused(gateway, link):
    piece = base64.b64encode(b"x" * 500_000).decode()
    gateway.take(request() | {"body": piece, "more": True})
    for _ in range(MAX_BODY // 500_000 + 1):
        gateway.take({"type": "http_body", "id": "1", "data": piece, "last": False})

    assert link.ended("1")[0] == 413


def test_a_thousand_calls_at_once_are_bounded(gateway, link, api):
    all_came = threading.Event()
    api.answer = lambda _request: Text("late", held=all_came)
    for number in range(1000):
        gateway.take(request(call_id=str(number)))

    assert link.ended("999")[0] == 429
    assert len(api.requests) <= MAX_AT_ONCE
    all_came.set()


def test_calls_that_an_earlier_turn_gave_up_are_among_those_of_its_session(group, link, api, settings):
    settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL = "sk-ant-the-real-key", api.url
    answered = threading.Event()

    def late(_request):
        answered.wait(30)
        return Text("late")

    def turn(session_id, link):
        ledger = Ledger(Run(session=Session(pk=session_id, group=group)))
        return Gateway(link, on_refusal=lambda _: None, ledger=ledger, asked=pool.from_environment)

    api.answer = late
    earlier = turn(1, link)
    for number in range(MAX_AT_ONCE):
        earlier.take(request(call_id=str(number), body=QUESTION | {"stream": False}))
    api.wait_for_turns(MAX_AT_ONCE)
    earlier.close()

    later, other = turn(1, HeardLink()), turn(2, HeardLink())
    later.take(request())
    other.take(request())
    assert later._link.ended("1")[0] == 429
    answered.set()
    assert other._link.ended("1")[0] == 200
    settle(earlier)
    later.take(request("2"))
    assert later._link.ended("2")[0] == 200
    settle(later)
    settle(other)


def test_an_endpoint_that_only_answers_messages_is_no_reason_to_give_up(gateway, link):
    gateway.take(request(method="GET", path="/v1/models"))
    assert link.ended("1")[0] == 404
    assert (gateway.trouble, gateway.hopeless) == ("", "")


def test_the_last_failure_says_whether_trying_again_helps(gateway, link, api, settings):
    api.script(Failure(400, "too long"))
    gateway.take(request("1"))
    link.ended("1")
    assert gateway.hopeless == "The model refused: too long."

    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    gateway.take(request("2"))
    link.ended("2")
    assert (gateway.trouble, gateway.hopeless) == ("The model cannot be reached: connection refused.", "")


def test_a_body_is_said_to_be_what_it_was_judged_as(gateway, link, api):
    gateway.take(request(headers={"content-type": "application/json; charset=cp037"}))

    assert link.ended("1")[0] == 200
    assert api.requests[0].headers["content-type"] == "application/json"


def test_a_call_that_the_agent_gave_up_is_let_go(gateway, link, api, ledger):
    given_up = threading.Event()
    api.script(Text("word " * 100, pieces=100, delay=0.05, held=given_up))
    gateway.take(request())
    with link.changed:
        assert link.changed.wait_for(lambda: link._of("1", "http_chunk"), 30)
    gateway.take({"type": "http_cancel", "id": "1"})
    given_up.set()

    settle(gateway)
    assert not link._of("1", "http_end")
    assert 0 < ledger.total.output_tokens < 100  # as many as it heard, not as it would have
    assert ledger.total.input_tokens > 0


@pytest.mark.parametrize("streamed", [True, False])
def test_a_call_that_is_given_up_before_its_first_byte_is_paid_for_all_the_same(gateway, link, api, ledger, streamed):
    cancelled = threading.Event()

    def late(_request):
        cancelled.wait(30)
        return Text("word " * 100)

    api.answer = late
    gateway.take(request(body=QUESTION | {"stream": streamed}))
    api.wait_for_turns(1)
    gateway.take({"type": "http_cancel", "id": "1"})
    cancelled.set()

    settle(gateway)
    assert link.frames == []
    assert ledger.total.input_tokens > 0
    assert streamed or ledger.total.output_tokens == 5  # as the whole answer says


def test_an_agent_that_is_gone_ends_the_call_which_is_counted(gateway, link, api, ledger):
    link.gone = True
    gateway.take(request())

    settle(gateway)
    assert len(api.requests) == 1
    assert ledger.total.cost_usd > 0
