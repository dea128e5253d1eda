"""A group's MCP servers: called on the host with their secrets, by a group whose row names them, and nowhere else."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from apps.agents.billing.ledger import Ledger
from apps.agents.gateway import mcp
from apps.agents.gateway.gateway import Gateway
from apps.agents.models import McpServer
from apps.agents.runs.execution import execute
from apps.chats.models import Group, Incident
from apps.chats.services import create_group
from tests.agents.support import Say, request
from tests.fakes.mcp_server import McpTeam
from tests.fakes.messages_api import ToolUse
from tests.fakes.raw_server import RawServer, certificate

TOKEN = "a-token-nobody-may-see"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}
ACCEPT = {"accept": "application/json, text/event-stream"}


@pytest.fixture
def team(settings: Settings) -> Iterator[McpTeam]:
    with McpTeam(TOKEN) as server:
        settings.MCP_PRIVATE_HOSTS = [server.host]
        yield server


@pytest.fixture
def server(group: Group, team: McpTeam) -> McpServer:
    return McpServer.objects.create(
        group=group, name="office", kind="http", url=team.url, secrets={"Authorization": f"Bearer {TOKEN}"}
    )


@pytest.fixture
def gateway(link: Any, group: Group, say: Say) -> Gateway:
    return Gateway(link, on_refusal=lambda _sentence: None, ledger=Ledger(say("hello")), group_id=group.pk)


@pytest.fixture
def call(gateway: Gateway, link: Any) -> Callable[..., tuple[int, bytes, str | None]]:
    """(status, body, error) of one call to a path."""

    def ask(path="/mcp/office", **fields):
        gateway.take(request(path=path, **{"body": HELLO, "headers": ACCEPT, **fields}))
        return link.ended(fields.get("call_id", "1"))

    return ask


def test_the_secret_is_added_on_the_host_and_what_the_agent_sends_cannot_replace_it(call, server, team, link):
    status, body, error = call(headers=ACCEPT | {"authorization": "Bearer mine", "cookie": "a=b", "host": "evil"})

    assert (status, error) == (200, None)
    assert b'"serverInfo"' in body
    assert team.seen[0]["authorization"] == f"Bearer {TOKEN}"
    assert team.seen[0]["host"] == team.host
    assert not {"cookie", "x-api-key"} & set(team.seen[0])
    assert TOKEN not in str(link.frames)


@pytest.mark.parametrize("path", ["/mcp/other", "/mcp/office/../admin", "/mcp/office?x=1", "/mcp/", "/mcp/office/x"])
def test_other_names_and_paths_are_refused(call, server, team, path):
    assert call(path)[0] == 404
    assert team.seen == []


def test_another_groups_server_is_not_there(call, team):
    other = create_group(folder="other")
    McpServer.objects.create(group=other, name="office", kind="http", url=team.url)
    assert call()[0] == 404
    assert team.seen == []


def test_a_disabled_server_is_not_there(call, server, team):
    McpServer.objects.update(enabled=False)
    assert call()[0] == 404


def test_a_stream_without_a_question_is_not_offered(call, server, team):
    assert call(method="GET")[0] == 405
    assert team.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/mcp",
        "http://localhost:{port}/mcp",
        "http://169.254.169.254/latest",
        "http://[::1]:{port}/mcp",
        "http://10.0.0.1/mcp",
    ],
)
def test_an_address_inside_is_refused_unless_the_operator_names_it(call, server, team, settings, url):
    settings.MCP_PRIVATE_HOSTS = []
    McpServer.objects.update(url=url.format(port=team.port))

    status, body, _ = call()
    assert status == 403
    assert b"office has an address that may not be reached" in body
    assert team.seen == []
    assert "office" in Incident.objects.get(kind="MCP server").sentence


@pytest.fixture
def raw(server: McpServer, settings: Settings) -> Iterator[Callable[..., RawServer]]:
    servers = []

    def serve(answer, **options):
        servers.append(RawServer(answer, **options))
        settings.MCP_PRIVATE_HOSTS = [servers[-1].host]
        McpServer.objects.update(url=f"http://{servers[-1].host}/mcp")
        return servers[-1]

    yield serve
    for one in servers:
        one.close()


def test_a_redirect_is_not_followed(call, raw, team, settings):
    raw(b"HTTP/1.1 307 Temporary\r\nlocation: " + team.url.encode() + b"\r\ncontent-length: 0\r\n\r\n")
    settings.MCP_PRIVATE_HOSTS.append(team.host)

    status, body, _ = call()
    assert status == 502
    assert b"not followed" in body
    assert team.seen == []


def test_a_server_that_repeats_the_secret_tells_the_agent_nothing(call, raw, link):
    said = f"you sent Bearer {TOKEN}".encode()
    raw(
        b"HTTP/1.1 500 Oops\r\nmcp-session-id: %s\r\nset-cookie: x=%s\r\ncontent-length: %d\r\n\r\n%s"
        % (TOKEN.encode(), TOKEN.encode(), len(said), said)
    )
    assert call()[:2] == (500, b"you sent [secret]")
    assert TOKEN not in str(link.frames)


def test_garbage_is_an_error_in_words_without_the_address(call, raw):
    server = raw(b"not HTTP at all\r\n\r\n")
    status, body, _ = call()
    assert status == 504
    assert b"office cannot be reached: what it says is no HTTP." in body
    assert server.host.encode() not in body


def test_an_endless_answer_is_broken_off(call, raw, monkeypatch):
    monkeypatch.setattr(mcp, "MAX_ANSWER", 1000)
    raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000)
    assert "more than 1000 bytes" in call()[2]


def test_a_large_question_is_refused(call, server, team, monkeypatch):
    monkeypatch.setattr(mcp, "MAX_QUESTION", 10)
    assert call()[0] == 413
    assert team.seen == []


def test_a_silent_server_is_let_go_with_the_turn(gateway, raw):
    server = raw(b"", hang=True)
    gateway.take(request(path="/mcp/office", body=HELLO))
    while not server.asked:
        time.sleep(0.01)

    gateway.close()

    assert server.gone.wait(30)


def test_secrets_that_cannot_be_read_are_said_without_their_place(call, server, team, tmp_path):
    server.secrets = {"Authorization": f"file:{tmp_path}/none"}
    server.save()
    status, body, _ = call()
    assert status == 502
    assert b"is not set up" in body
    assert str(tmp_path).encode() not in body


def test_a_program_is_offered_inside_walls_only(group, server):
    McpServer.objects.create(group=group, name="local", kind="stdio", command=["python3", "x.py"])
    assert [one["name"] for one in mcp.offered(group, walled=False)] == ["office"]
    assert mcp.offered(group, walled=True) == [
        {"name": "local", "command": ["python3", "x.py"]},
        {"name": "office", "command": []},
    ]


@pytest.mark.docker
def test_the_real_agent_calls_the_tool_of_a_real_server(say, server, team, sealed, replies):
    sealed.script(ToolUse("mcp__office__weather", {"city": "Oslo"}), ToolUse("mcp__office__slowly", {"steps": 3}))
    run = say("what is the weather?")
    execute(run.pk)
    second = say("and now?")
    sealed.script(ToolUse("mcp__office__weather", {"city": "Rome"}))
    execute(second.pk)

    said = list(run.steps.filter(kind__startswith="tool_").values_list("kind", "detail"))
    assert [kind for kind, _ in said] == ["tool_result", "tool_result"]
    assert "Sunny in Oslo" in said[0][1]
    assert "done" in said[1][1]
    assert "Sunny in Rome" in second.steps.get(kind="tool_result").detail  # warm, and after the turn's end
    assert "WEATHERTOOL" in json.dumps(sealed.turns[0].body["tools"])
    assert TOKEN not in json.dumps([turn.body for turn in sealed.turns])


def test_without_walls_an_address_is_called_too_and_no_program_started(say, server, claude, tmp_path):
    McpServer.objects.create(
        group=server.group, name="local", kind="stdio", command=["touch", str(tmp_path / "started")]
    )
    claude.script(ToolUse("mcp__office__weather", {"city": "Oslo"}))
    run = say("what is the weather?")
    execute(run.pk)
    assert "Sunny in Oslo" in run.steps.get(kind="tool_result").detail
    assert not (tmp_path / "started").exists()


@pytest.mark.docker
def test_the_secret_is_nowhere_in_the_container(say, server, sealed):
    # The bracket keeps the pattern from finding itself.
    pattern = f"[{TOKEN[0]}]{TOKEN[1:]}"
    places = "env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null; grep -rs . /tmp /home/agent"
    look = f"({places}) | grep -ac '{pattern}'; echo looked"
    sealed.script(ToolUse("mcp__office__weather", {"city": "Oslo"}), ToolUse("Bash", {"command": look}))
    run = say("look around")
    execute(run.pk)
    found = [step.detail.split() for step in run.steps.filter(kind__startswith="tool_")]
    assert found[1] == ["0", "looked"]


SERVER = """
import json, sys
for line in sys.stdin:
    ask = json.loads(line)
    if "id" not in ask:
        continue
    version = ask.get("params", {}).get("protocolVersion", "2025-06-18")
    tool = {"name": "shout", "description": "SHOUTTOOL", "inputSchema": {"type": "object", "properties": {}}}
    answers = {
        "initialize": {"protocolVersion": version, "capabilities": {"tools": {}},
                       "serverInfo": {"name": "x", "version": "1"}},
        "tools/list": {"tools": [tool]},
        "tools/call": {"content": [{"type": "text", "text": "HEY"}]},
    }
    print(json.dumps({"jsonrpc": "2.0", "id": ask["id"], "result": answers.get(ask["method"], {})}), flush=True)
"""


@pytest.mark.docker
def test_a_program_in_the_container_is_a_server_too(say, group, sealed, settings):
    (settings.GROUPS_DIR / group.folder / "server.py").write_text(SERVER)
    McpServer.objects.create(group=group, name="local", kind="stdio", command=["python3", "server.py"])
    sealed.script(ToolUse("mcp__local__shout", {}))
    run = say("shout")
    execute(run.pk)
    assert "HEY" in run.steps.get(kind="tool_result").detail


@pytest.fixture
def pem(tmp_path: Path) -> str:
    return certificate(tmp_path)


@pytest.fixture
def encrypted(raw: Callable[..., RawServer], pem: str, settings: Settings) -> Callable[..., RawServer]:
    """A server behind TLS, called by its name."""

    def serve(answer, **options):
        server = raw(answer, tls=pem, **options)
        host = server.host.replace("127.0.0.1", "localhost")
        settings.MCP_PRIVATE_HOSTS = [host]
        McpServer.objects.update(url=f"https://{host}/mcp")
        return server

    return serve


def test_a_certificate_that_nobody_vouches_for_ends_the_call_before_a_secret_is_sent(call, encrypted):
    server = encrypted(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
    status, body, _ = call()
    assert status == 504
    assert b"office cannot be reached: its certificate is not valid: self-signed certificate." in body
    assert server.asked == []


def test_a_server_behind_tls_is_called_and_let_go(gateway, encrypted, pem, monkeypatch, link):
    monkeypatch.setattr(mcp, "_tls", lambda: ssl.create_default_context(cafile=pem))
    server = encrypted(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi", hang=True)  # and the third byte never comes
    gateway.take(request(path="/mcp/office", body=HELLO))
    with link.changed:
        assert link.changed.wait_for(lambda: link._of("1", "http_chunk"), 30)
    assert TOKEN.encode() in server.asked[0]

    gateway.close()

    assert server.gone.wait(30)
