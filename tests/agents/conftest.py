"""A group whose agent is real: the runner in a subprocess or in a sealed container, the model a stub."""

import ipaddress
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from apps.agents import services
from apps.agents.addresses import refusal
from apps.agents.billing import budgets
from apps.agents.gateway import gateway
from apps.agents.link.link import Link
from apps.agents.models import Run
from apps.agents.models.mcp import forget_groups
from apps.agents.providers import failover, pool
from apps.agents.sandbox import disk_quota, process, reaper, selection
from apps.agents.toolkit import db_connections
from apps.chats.models import Channel, Chat, Group, Message
from apps.chats.services import create_group, web_chat
from apps.events import hooks
from tests.agents.support import Deciding, Say
from tests.fakes.messages_api import MessagesApi
from tests.fakes.page import Page
from tests.fakes.runner import HONEST


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with MessagesApi() as server:
        yield server


@pytest.fixture
def group(transactional_db: None) -> Group:
    return create_group(folder="team", name="The team", idle_timeout_s=60)


@pytest.fixture
def chat(group: Group) -> Chat:
    return web_chat(group)


@pytest.fixture
def say(chat: Chat) -> Say:
    """Stores a message as intake does, and requests the run that answers it."""

    def speak(text: str, sender: str = "Ann", calls: bool = True) -> Run:
        Message.objects.create(
            chat=chat, direction="in", external_id=uuid.uuid4().hex, sender_name=sender, text=text, calls_agent=calls
        )
        assert chat.group
        return services.request_run(chat.group, chat=chat, cause=Run.Cause.MESSAGE)

    return speak


@pytest.fixture
def replies(chat: Chat) -> Callable[[], list[str]]:
    return lambda: list(Message.objects.outbound().filter(chat=chat).values_list("text", flat=True))


@pytest.fixture
def transactional_db(transactional_db: None) -> Iterator[None]:
    """Ends agents and threads before the tables are emptied; a late write would reach the next test's rows."""
    yield
    process.stop_all()
    failover.hang_up()
    for pool_of_threads in (disk_quota._pool, gateway._pool):
        pool_of_threads().shutdown()  # a workspace is being measured, an answer read to its end
        pool_of_threads.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_choices(settings: Settings, redis_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test decides anew which runtime serves, and which providers."""
    monkeypatch.setattr(db_connections, "_keeps", lambda: False)
    settings.AGENT_RUNTIME = "process"
    settings.REDIS_URL = redis_server
    settings.AGENT_RETRY_DELAYS = [0.0, 0.0, 0.0, 0.0, 0.0]
    pool.forget()
    budgets.forget()
    forget_groups()
    selection.chosen_runtime.cache_clear()
    yield
    forget_groups()
    selection.chosen_runtime.cache_clear()
    failover.hang_up()


@pytest.fixture
def claude(settings: Settings, api: MessagesApi) -> MessagesApi:
    """The real SDK and command line, in a subprocess."""
    pytest.importorskip("claude_agent_sdk", reason="skipped because the Claude Agent SDK is missing")
    settings.ANTHROPIC_API_KEY = "sk-ant-test-key-of-the-host"
    settings.ANTHROPIC_BASE_URL = api.url
    return api


@pytest.fixture
def sealed(settings: Settings, claude: MessagesApi) -> Iterator[MessagesApi]:
    """The same in a sealed container."""
    settings.AGENT_RUNTIME = "docker"
    if missing := selection.docker_missing():
        pytest.skip(f"skipped because Docker is missing: {missing}")
    yield claude
    reaper.remove_all()


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a script in the runner's place."""

    def install(body: str, head: str = HONEST) -> None:
        package = tmp_path / "ngb_runner"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(head + body)
        monkeypatch.setattr(process, "RUNNER", tmp_path)

    return install


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """The pieces of all answers, as soon as they are here."""
    pieces: list[str] = []

    def listen(run: Run, text: str) -> None:
        pieces.append(text)

    hooks.run_delta.attach(listen)
    yield pieces
    hooks.run_delta.receivers.remove(listen)


@pytest.fixture
def prompted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prompts that went to agents."""
    sent: list[str] = []
    send = Link.send

    def note(link: Link, type_: str, **fields: Any) -> None:
        send(link, type_, **fields)
        if type_ == "prompt":
            sent.append(fields["text"])

    monkeypatch.setattr(Link, "send", note)
    return sent


@pytest.fixture
def own_address() -> str:
    """An address of this machine that is neither loopback nor public, so that no test leaves the machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; the routing table says which address would be ours
        address = str(probe.getsockname()[0])
    if not refusal(address, []) or refusal(address, [ipaddress.ip_network(address)]):
        pytest.skip("skipped because this machine has no private address")
    return address


@pytest.fixture
def server(own_address: str) -> Iterator[ThreadingHTTPServer]:
    """A page on this machine's own address."""
    with ThreadingHTTPServer((own_address, 0), Page) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join(30)


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_superuser("boss")


@pytest.fixture
def decide(boss: User, settings: Settings) -> Iterator[Callable[[str | None], Deciding]]:
    """Begins to decide whatever is asked."""
    settings.AGENT_QUESTION_TIMEOUT = 40  # a decision that fails must not hold the test up for long
    started: list[Deciding] = []

    def begin(choice: str | None) -> Deciding:
        started.append(Deciding(boss, choice))
        return started[-1]

    yield begin
    for one in started:
        one.end()


@pytest.fixture
def place(group: Group) -> Chat:
    channel = Channel.objects.create(platform="telegram", name="bot", credentials={"token": "1:a"})
    return Chat.objects.create(channel=channel, external_id="-1001", group=group, title="Team")


@pytest.fixture
def run(group: Group, place: Chat) -> Run:
    """In a chat on Telegram, where it may ask people."""
    run = services.request_run(group, chat=place, cause=Run.Cause.REQUEST, prompt="go")
    assert run.claim("a worker of the tests")
    return run
