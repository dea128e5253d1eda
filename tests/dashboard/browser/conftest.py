"""A real web server, a real Redis and a real Chromium; only the agent is played."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from nanogridbot.processes import embedded_redis
from tests.environment import free_port, lay_tables, service_environment

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
PATIENCE_S = 60  # only what fails waits so long; a machine that stands still for seconds is no failure
expect.set_options(timeout=PATIENCE_S * 1000)
PASSWORD = "correct horse battery"
SETUP = f"""
from django.contrib.auth.models import User
from apps.chats.services import create_group
User.objects.create_superuser("lena", password="{PASSWORD}")
create_group(folder="main", name="Main", is_main=True)
create_group(folder="family", name="The family")
"""


@dataclass
class Site:
    """An installation of its own, and its processes."""

    data: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        bind = f"127.0.0.1:{self.port}"
        return service_environment(self.data, NGB_BIND=bind, AGENT_RUNTIME="process", DATABASE_URL="")

    def python(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=self.environment, check=True, timeout=120)

    def start(self, name: str, *arguments: str) -> None:
        self.processes[name] = subprocess.Popen([sys.executable, *arguments], env=self.environment)

    def start_web(self) -> None:
        address = ["-b", "127.0.0.1", "-p", str(self.port), "--websocket_connect_timeout", str(PATIENCE_S)]
        self.start("web", "-m", "daphne", *address, "nanogridbot.asgi:application")
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline, "the web server does not answer"
            time.sleep(0.1)

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), free_port())
    lay_tables(site.data)
    site.python("manage.py", "shell", "-v0", "-c", SETUP)
    site.processes["redis"] = embedded_redis.start(site.data / "run" / "redis.sock", PATIENCE_S)
    site.start_web()
    site.start("worker", "-m", "tests.dashboard.browser.played_worker")
    yield site
    for name in reversed(list(site.processes)):  # Redis last
        site.stop(name)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """For this folder only: playwright keeps a loop running in the thread, where others need their own."""
    if not CHROMIUM.exists():
        pytest.skip("skipped because Chromium is missing")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=2 * PATIENCE_S * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def cookies(site: Site, chromium: Browser) -> Any:
    """What a person's browser keeps after signing in on the page."""
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto(f"{site.url}/chat/main/")
    page.fill("[name=username]", "lena")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def held(site: Site) -> Iterator[Path]:
    """As long as this file is there, the agent goes on working when it has said everything."""
    file = site.data / "held"
    file.touch()
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def visit(site: Site, chromium: Browser, cookies: Any) -> Iterator[Any]:
    """Opens a page of the site in a browser of its own; errors on its console fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str = "/chat/main/", *, loud: bool = True, **options: Any) -> Page:
        context = chromium.new_context(
            storage_state=cookies, **{"locale": "en-GB", "reduced_motion": "reduce"} | options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        if loud:
            page.on("console", lambda message: complaints.extend([message.text] if message.type == "error" else []))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{site.url}{path}")
        if path.removeprefix("/chat/") not in (path, ""):
            page.wait_for_selector("#room[data-connection=open]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
