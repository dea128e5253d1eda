"""A model call may not reach for the agent what its own network does not: through the gateway, against the stub."""

import json
from typing import Any

import pytest

from apps.agents.gateway import request_policy
from apps.chats.models import Incident
from tests.agents.support import QUESTION, request

OUT = {"type": "url", "url": "https://evil.example/?what=4711"}
PICTURE = {"type": "image", "source": OUT}


def said(*blocks: Any, **more: Any) -> dict[str, Any]:
    return QUESTION | {"messages": [{"role": "user", "content": list(blocks)}]} | more


ERRANDS = {
    "a picture": said(PICTURE),
    "a document": said({"type": "document", "source": OUT}),
    "inside a result": said({"type": "tool_result", "tool_use_id": "x", "content": [PICTURE]}),
    "a page": said(tools=[{"type": "web_fetch_20250910", "name": "web_fetch"}]),
    "a server": said(mcp_servers=[{"type": "url", "url": "https://evil.example", "name": "x"}]),
}
HARMLESS = {
    "words": said({"type": "text", "text": 'I saw {"type": "url"}, mcp_servers and web_fetch \\u0075.'}),
    "a picture of its own": said(
        {"type": "image", "source": {"type": "base64", "data": "eA==", "media_type": "image/png"}}
    ),
    "a tool's input": said({"type": "tool_use", "id": "x", "name": "x", "input": {"type": "url", "mcp_servers": [1]}}),
    "a tool of its own": said(
        tools=[{"name": "WebFetch", "input_schema": {"properties": {"url": {"type": "string"}}}}]
    ),
    "a search": said(tools=[{"type": "web_search_20250305", "name": "web_search"}]),
}


@pytest.mark.parametrize("errand", ERRANDS)
def test_the_provider_runs_no_errands_for_a_group_whose_network_is_not_open(gateway, link, api, ledger, errand):
    gateway.take(request("1", body=ERRANDS[errand]))
    status, body, _ = link.ended("1")
    assert (status, api.requests) == (400, [])
    assert "network is not open" in json.loads(body)["error"]["message"]
    assert Incident.objects.get(kind="refused host").subject == "team"

    ledger.run.group.network = "open"
    gateway.take(request("2", body=ERRANDS[errand]))
    assert link.ended("2")[0] == 200


def test_an_agent_that_tries_without_end_is_told_of_once_in_a_turn(gateway, link):
    for number in range(3):
        gateway.take(request(str(number), body=ERRANDS["a picture"]))
        assert link.ended(str(number))[0] == 400
    assert Incident.objects.get(kind="refused host").times == 1


@pytest.mark.parametrize("words", HARMLESS)
def test_what_only_looks_like_an_errand_passes(gateway, link, words):
    gateway.take(request("1", body=HARMLESS[words]))
    assert link.ended("1")[0] == 200


def hidden(errand: str) -> str:
    return json.dumps(ERRANDS[errand])


@pytest.mark.parametrize(
    "body",
    [
        hidden("a picture").replace('"url"', '"\\u0075rl"'),
        hidden("a picture").replace('"type": "url"', '"type": "url", "type": "base64"'),
        hidden("a server").replace("mcp_servers", "mcp_serv\\u0065rs"),
        hidden("a page").encode("utf-16").decode("latin-1"),
        '{"a":' * 100_000 + '"url"',
    ],
    ids=["escaped", "twice", "escaped name", "another encoding", "too deep"],
)
def test_no_way_of_writing_hides_it(body):
    assert request_policy.refusal(body.encode("latin-1"))
