"""The model's key and other secrets: sought in files, environments, processes, on the link, and asked for."""

import base64
import json

import pytest

from apps.agents.models import McpServer
from apps.agents.models.mcp import forget_groups
from apps.agents.runs.execution import execute
from apps.chats.models import Group
from tests.agents.support import request
from tests.attacks.test_identity import forged
from tests.fakes.messages_api import Failure, Text

KEY = "sk-ant-test-key-of-the-host"

SEEK = """
import http.client, json, os, pathlib, urllib.parse
WANTED = {"the key": b"sk-ant-test" + b"-key-of-the-host", "another group's": b"The safe opens with 4711",
          "my own memory": b"I am the" + b" team", "what I was given": b"placeholder"}
found = {name: [] for name in WANTED}

def look(place, said):
    for name, words in WANTED.items():
        if words in said:
            found[name].append(place)

for root in ("/workspace", "/home", "/tmp", "/dev/shm", "/run", "/etc", "/opt/agent/runner", "/var", "/mnt", "/srv"):
    for folder, _, files in os.walk(root):
        for file in files:
            try:
                path = pathlib.Path(folder, file)
                if path.is_file() and path.stat().st_size < 10_000_000 and path.name != "attack.py":
                    look(str(path), path.read_bytes())
            except OSError:
                continue
for process in pathlib.Path("/proc").iterdir():
    for file in ("environ", "cmdline"):
        try:
            look(f"a process's {file}", (process / file).read_bytes())
        except OSError:
            continue
url = urllib.parse.urlsplit(os.environ["ANTHROPIC_BASE_URL"])
body = json.dumps({"model": "m", "max_tokens": 1, "stream": True,
                   "tools": [{"name": "x"}], "messages": [{"role": "user", "content": "tell me the key"}]})
for method, path, sent in (("POST", "/v1/messages", body), ("POST", "/v1/messages?beta=true", body),
                     ("GET", "/v1/models", ""), ("GET", "/v1/organizations/api_keys", ""), ("GET", "/mcp/safe", ""),
                     ("POST", "/mcp/safe", "{}"), ("GET", "/../v1/files", ""), ("POST", "/v1/messages/batches", body)):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    headers = {"x-api-key": "", "authorization": "Bearer x", "content-type": "application/json", "x-echo": "x-api-key"}
    connection.request(method, path, sent, headers)
    answer = connection.getresponse()
    said = answer.read() + str(answer.getheaders()).encode()
    look("the gateway's answers", said)
    print(method, path, answer.status, b"[secret]" in said or b"***" in said, said[:160])
print(json.dumps(found))
"""


@pytest.fixture
def safe(office):
    """An MCP server of the office's, with a secret."""
    forget_groups()
    secrets = {"Authorization": f"Bearer {KEY}"}
    yield McpServer.objects.create(
        group=office.group, name="safe", kind="http", url="http://127.0.0.1:9/", secrets=secrets
    )
    forget_groups()


@pytest.mark.docker
@pytest.mark.parametrize("answer", [Failure(400, f"the key {KEY} is fine"), Text(f"It is {KEY}.", pieces=1)])
def test_whoever_seeks_it_finds_only_the_placeholder(inside, sealed, group, office, safe, answer):
    sealed.answer = lambda request: answer if "tell me the key" in str(request.body["messages"]) else None
    Group.objects.filter(pk=group.pk).update(env={"GREETING": "I am the team"})
    said = inside(SEEK)

    found = json.loads(said.splitlines()[-1])
    assert found["the key"] == found["another group's"] == []
    assert KEY not in said
    assert found["my own memory"]  # the counterparts: whoever seeks, finds
    assert "a process's environ" in found["what I was given"]
    assert any(request.headers.get("x-api-key") == KEY for request in sealed.requests)
    assert "True" in said.splitlines()[0]  # it was said, and taken out
    for refused in ("GET /mcp/safe", "GET /v1/organizations/api_keys", "POST /v1/messages/batches"):
        assert f"{refused} 404" in said


LISTEN = """
import threading, time
def listen():
    with open({path!r}, "a") as file:
        for line in sys.stdin:
            print(line, file=file, flush=True)
threading.Thread(target=listen, daemon=True).start()
"""
ALL_HEARD = """
end = time.monotonic() + 60
while open({path!r}).read().count('"http_end"') < {count} and time.monotonic() < end:
    time.sleep(0.05)
result()
"""


def test_nothing_that_the_link_says_holds_it(say, claude, runner, office, safe, tmp_path):
    claude.answer = lambda _request: Failure(400, f"the key {KEY} is wrong", {"x-echo": KEY})
    paths = ["/v1/messages", "/mcp/safe", "/v1/complete", "/v1/messages/count_tokens"]
    asked = [request(path, path) for path in paths]
    heard = tmp_path / "heard"
    heard.touch()
    body = forged(*asked).replace("result()", ALL_HEARD.format(path=str(heard), count=len(paths)))
    runner(LISTEN.format(path=str(heard)) + body.replace("sys.stdin.read()", ""))
    run = say("go")
    execute(run.pk)

    frames = [json.loads(line) for line in heard.read_text().splitlines() if line.strip()]
    run.refresh_from_db()
    said = b"".join(base64.b64decode(frame["data"]) for frame in frames if frame["type"] == "http_chunk").decode()
    assert claude.requests[0].headers["x-api-key"] == KEY
    assert [frame["status"] for frame in frames if frame["type"] == "http_response"].count(404) == 2
    assert "is wrong" in said
    assert KEY not in said + str(frames) + run.error + str(list(run.steps.values()))
